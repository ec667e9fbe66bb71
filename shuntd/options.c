/* SPDX-License-Identifier: Apache-2.0 */
#include "shuntd/daemon.h"

#include <config.h>

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

enum {
    OPT_RUN_DIR = 256,
    OPT_STATE_DIR,
    OPT_NO_PERSIST,
    OPT_PIN_DIR,
    OPT_MAX_FLOWS,
    OPT_HANDLERS,
    OPT_LOG_FILE,
    OPT_USER,
    OPT_PRIVATE_KEY,
    OPT_CERTIFICATE,
    OPT_CA_CERT,
    OPT_PEER_NAME,
    OPT_TLS_ONLY,
    OPT_DEVICES,
    OPT_DETACH,
    OPT_KEEP,
    OPT_HOLD_TIME,
    OPT_RESTORE,
};

static const struct option long_options[] = {
    {"run-dir", required_argument, NULL, OPT_RUN_DIR},
    {"state-dir", required_argument, NULL, OPT_STATE_DIR},
    {"no-persist", no_argument, NULL, OPT_NO_PERSIST},
    {"pin-dir", required_argument, NULL, OPT_PIN_DIR},
    {"max-flows", required_argument, NULL, OPT_MAX_FLOWS},
    {"handlers", required_argument, NULL, OPT_HANDLERS},
    {"log-file", required_argument, NULL, OPT_LOG_FILE},
    {"user", required_argument, NULL, OPT_USER},
    {"private-key", required_argument, NULL, OPT_PRIVATE_KEY},
    {"certificate", required_argument, NULL, OPT_CERTIFICATE},
    {"ca-cert", required_argument, NULL, OPT_CA_CERT},
    {"peer-name", required_argument, NULL, OPT_PEER_NAME},
    {"tls-only", no_argument, NULL, OPT_TLS_ONLY},
    {"devices", required_argument, NULL, OPT_DEVICES},
    {"detach", no_argument, NULL, OPT_DETACH},
    {"keep", no_argument, NULL, OPT_KEEP},
    {"restore", no_argument, NULL, OPT_RESTORE},
    {"hold-time", required_argument, NULL, OPT_HOLD_TIME},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "Usage: shuntd [OPTION]...\n"
    "The Shunt virtual switch. 'shuntctl' tells it what to do.\n"
    "\n"
    "  --run-dir DIR    sockets and lock (default /run/shunt)\n"
    "  --state-dir DIR  where the configuration is kept (default /var/lib/shunt)\n"
    "  --no-persist     start empty, save nothing\n"
    "  --pin-dir DIR    in a BPF file system, where the fast path is pinned\n"
    "                   (default /sys/fs/bpf/shunt)\n"
    "  --max-flows N    room for N flows in the fast path (default 200000)\n"
    "  --handlers N     pairs of threads that set up flows (default 1)\n"
    "  --log-file FILE  append the log there instead of to standard error\n"
    "  --user USER[:GROUP]\n"
    "                   become this user; the directories and the log are made its own\n"
    "  --private-key FILE, --certificate FILE, --ca-cert FILE\n"
    "                   TLS of controllers, in PEM: this switch's key and certificate,\n"
    "                   and the authority that controllers' certificates must come from\n"
    "  --peer-name NAME controllers' certificates must also be for this name\n"
    "  --tls-only       no OpenFlow over a network without TLS: refuse tcp: and ptcp:\n"
    "  --devices PATTERN[,PATTERN]...\n"
    "                   only devices with such names can be ports, as in 'veth*,tap*'\n"
    "  --detach         go to the background when the switch is ready\n"
    "  --keep           when terminated, leave the fast path forwarding\n"
    "  --restore        start with the saved OpenFlow flows, groups and meters\n"
    "  --hold-time S    how long the flows of a fast path that was left forwarding wait\n"
    "                   for controllers to fill the tables, in seconds (default 20)\n"
    "  -v, --verbose    log more\n"
    "  -h, --help       print this\n"
    "  -V, --version    print the version\n";

static int
parse_count(const char *option, const char *text, uint32_t max, uint32_t *count)
{
    unsigned long value;

    if (!parse_decimal(text, max, &value) || !value) {
        fprintf(stderr, "shuntd: --%s '%s': want a number from 1 to %u\n", option, text, max);
        return EINVAL;
    }
    *count = value;
    return 0;
}

static int
fail(const char *what)
{
    fprintf(stderr, "shuntd: %s\n", what);
    return 1;
}

/* Returns -1 to go on, else an exit status. */
static int
apply(int opt, char **argv, struct daemon_options *options)
{
    switch (opt) {
    case OPT_RUN_DIR:
        options->run_dir = optarg;
        return -1;
    case OPT_STATE_DIR:
        options->state_dir = optarg;
        return -1;
    case OPT_NO_PERSIST:
        options->state_dir = NULL;
        return -1;
    case OPT_PIN_DIR:
        options->pin_dir = optarg;
        return -1;
    case OPT_MAX_FLOWS:
        return parse_count("max-flows", optarg, 16000000, &options->max_flows) ? 1 : -1;
    case OPT_HANDLERS:
        return parse_count("handlers", optarg, 64, &options->n_handlers) ? 1 : -1;
    case OPT_LOG_FILE:
        options->log_file = optarg;
        return -1;
    case OPT_USER:
        options->user = optarg;
        return -1;
    case OPT_PRIVATE_KEY:
        options->private_key = optarg;
        return -1;
    case OPT_CERTIFICATE:
        options->certificate = optarg;
        return -1;
    case OPT_CA_CERT:
        options->ca_cert = optarg;
        return -1;
    case OPT_PEER_NAME:
        options->peer_name = optarg;
        return -1;
    case OPT_TLS_ONLY:
        options->tls_only = true;
        return -1;
    case OPT_DEVICES:
        options->devices = optarg;
        return *optarg ? -1 : fail("--devices '': want a pattern, or several");
    case OPT_DETACH:
        options->detach = true;
        return -1;
    case OPT_KEEP:
        options->keep = true;
        return -1;
    case OPT_RESTORE:
        options->restore = true;
        return -1;
    case OPT_HOLD_TIME:
        return parse_count("hold-time", optarg, 3600, &options->hold_s) ? 1 : -1;
    case 'v':
        options->verbose = true;
        return -1;
    case 'h':
        fputs(usage, stdout);
        return 0;
    case 'V':
        puts(PACKAGE_STRING);
        return 0;
    case ':':
        fprintf(stderr, "shuntd: option '%s' wants an argument: 'shuntd --help' says which\n",
                option_in_error(argv));
        return 1;
    default:
        fprintf(stderr, "shuntd: there is no option '%s': 'shuntd --help' names them\n",
                option_in_error(argv));
        return 1;
    }
}

int
daemon_parse_options(int argc, char **argv, struct daemon_options *options)
{
    int opt, status;

    *options = (struct daemon_options){
        .run_dir = "/run/shunt",
        .state_dir = "/var/lib/shunt",
        .pin_dir = "/sys/fs/bpf/shunt",
        .n_handlers = 1,
        .hold_s = 20,
    };
    opterr = 0;
    while ((opt = getopt_long(argc, argv, ":vhV", long_options, NULL)) >= 0) {
        status = apply(opt, argv, options);
        if (status >= 0)
            return status;
    }
    if (optind < argc) {
        fprintf(stderr, "shuntd: '%s': want options only; bridges are made with shuntctl\n",
                argv[optind]);
        return 1;
    }
    return -1;
}
