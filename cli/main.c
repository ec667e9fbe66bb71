/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/of-verbs.h"

#include <config.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"

enum {
    OPT_RUN_DIR = 256,
    OPT_FORMAT,
    OPT_STRICT,
    OPT_MAY_EXIST,
    OPT_IF_EXISTS,
    OPT_KEEP,
    OPT_TIMEOUT,
    OPT_NAMES,
    OPT_NO_STATS,
};

static const struct option long_options[] = {
    {"run-dir", required_argument, NULL, OPT_RUN_DIR},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"protocol", required_argument, NULL, 'O'},
    {"strict", no_argument, NULL, OPT_STRICT},
    {"may-exist", no_argument, NULL, OPT_MAY_EXIST},
    {"if-exists", no_argument, NULL, OPT_IF_EXISTS},
    {"keep", no_argument, NULL, OPT_KEEP},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"names", no_argument, NULL, OPT_NAMES},
    {"no-stats", no_argument, NULL, OPT_NO_STATS},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static const char usage_options[] =
    "  --run-dir DIR        of the daemon (default /run/shunt)\n"
    "  --format text|json   how to print (default text)\n"
    "  -O, --protocol V,... OpenFlow versions to use: OpenFlow10, OpenFlow13 ...\n"
    "  --strict             mod-flows, del-flows: match priority and wildcards exactly\n"
    "  --names              dump-flows, dump-groups, monitor: ports by their names\n"
    "  --no-stats           dump-flows: without counters and times\n"
    "  --may-exist          add-br, add-port: that it exists is no error\n"
    "  --if-exists          del-br, del-port: that it does not exist is no error\n"
    "  --keep               stop: leave the fast path forwarding\n"
    "  --timeout SECONDS    give up after that long\n"
    "  -h, --help           print this\n"
    "  -V, --version        print the version\n";

static const struct cli_verb *const verb_lists[] = {
    cli_change_verbs, cli_daemon_verbs, cli_flow_verbs, cli_group_verbs, cli_port_verbs,
    cli_config_verbs, cli_watch_verbs,  cli_echo_verbs, cli_parse_verbs,
};

int
cli_error(const char *format, ...)
{
    va_list args;

    fflush(stdout);
    fputs("shuntctl: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return 1;
}

void
cli_print_text(struct buf *text)
{
    fputs(buf_text(text), stdout);
    buf_destroy(text);
}

void
cli_print_json(const json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
    putchar('\n');
}

/* The status of a command whose output nobody got is 1. */
static int
flush_output(int status)
{
    if (fflush(stdout) == EOF || ferror(stdout))
        return cli_error("the output could not be written");
    return status;
}

static void
print_usage(void)
{
    puts("Usage: shuntctl [OPTION]... VERB [ARGUMENT]... [-- [OPTION]... VERB [ARGUMENT]...]...\n\n"
         "Verbs:");
    for (size_t i = 0; i < ARRAY_SIZE(verb_lists); i++) {
        for (const struct cli_verb *verb = verb_lists[i]; verb->name; verb++)
            printf("  %s%s%s\n      %s\n", verb->name, *verb->args ? " " : "", verb->args,
                   verb->help);
    }
    puts("\nOptions:");
    fputs(usage_options, stdout);
}

/* Adds the versions of a list as "OpenFlow10,OpenFlow13". */
static int
parse_protocols(const char *text, uint32_t *protocols)
{
    static const struct {
        const char *name;
        unsigned version;
    } rows[] = {{"OpenFlow10", 1}, {"OpenFlow13", 4}, {"OpenFlow14", 5}, {"OpenFlow15", 6}};
    size_t i;

    while (*text) {
        size_t n = strcspn(text, ",");

        for (i = 0; i < ARRAY_SIZE(rows); i++) {
            if (n == strlen(rows[i].name) && !strncasecmp(text, rows[i].name, n))
                break;
        }
        if (i == ARRAY_SIZE(rows))
            return cli_error("protocol '%.*s': want OpenFlow10, OpenFlow13, OpenFlow14 or "
                             "OpenFlow15",
                             (int)n, text);
        *protocols |= 1u << rows[i].version;
        text += n + (text[n] == ',');
    }
    return 0;
}

static int
parse_format(const char *text, bool *json)
{
    *json = !strcmp(text, "json");
    return *json || !strcmp(text, "text") ? 0 : cli_error("format '%s': want text or json", text);
}

static int
parse_timeout(const char *text, unsigned *timeout_s)
{
    unsigned long value;

    if (!parse_decimal(text, 86400, &value))
        return cli_error("timeout '%s': want seconds from 0 to 86400", text);
    *timeout_s = value;
    return 0;
}

static int
apply(int opt, char **argv, struct cli *cli)
{
    switch (opt) {
    case OPT_RUN_DIR:
        cli->run_dir = optarg;
        return 0;
    case OPT_FORMAT:
        return parse_format(optarg, &cli->json);
    case 'O':
        return parse_protocols(optarg, &cli->protocols);
    case OPT_STRICT:
        cli->strict = true;
        return 0;
    case OPT_MAY_EXIST:
        cli->may_exist = true;
        return 0;
    case OPT_IF_EXISTS:
        cli->if_exists = true;
        return 0;
    case OPT_KEEP:
        cli->keep = true;
        return 0;
    case OPT_TIMEOUT:
        return parse_timeout(optarg, &cli->timeout_s);
    case OPT_NAMES:
        cli->names = true;
        return 0;
    case OPT_NO_STATS:
        cli->no_stats = true;
        return 0;
    case 'h':
        print_usage();
        exit(flush_output(0));
    case 'V':
        puts(PACKAGE_STRING);
        exit(flush_output(0));
    case ':':
        return cli_error("option '%s' wants an argument: 'shuntctl --help' says which",
                         option_in_error(argv));
    default:
        return cli_error("there is no option '%s': 'shuntctl --help' names them",
                         option_in_error(argv));
    }
}

static const struct cli_verb *
find_verb(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(verb_lists); i++) {
        for (const struct cli_verb *verb = verb_lists[i]; verb->name; verb++) {
            if (!strcmp(verb->name, name))
                return verb;
        }
    }
    return NULL;
}

static bool
is_one_of(const struct cli_verb *list, const struct cli_verb *verb)
{
    while (list->name && list != verb)
        list++;
    return list->name;
}

/* "dpctl show" is one verb, also as "dpctl-show". */
static const struct cli_verb *
take_verb(struct cli *cli, int argc, char **argv)
{
    static char name[64];

    cli->verb = argv[0];
    cli->argc = argc - 1;
    cli->argv = argv + 1;
    if (!strncmp(argv[0], "dpctl-", 6)) {
        snprintf(name, sizeof name, "dpctl %s", argv[0] + 6);
        cli->verb = name;
    } else if (!strcmp(argv[0], "dpctl") && argc > 1) {
        snprintf(name, sizeof name, "dpctl %s", argv[1]);
        cli->verb = name;
        cli->argc--;
        cli->argv++;
    }
    return find_verb(cli->verb);
}

static int
parse_options(int argc, char **argv, struct cli *cli)
{
    int opt;

    optind = 0; /* From the start, for each command. */
    opterr = 0;
    while ((opt = getopt_long(argc, argv, ":O:hV", long_options, NULL)) >= 0) {
        if (apply(opt, argv, cli))
            return 1;
    }
    return 0;
}

/* What goes to the daemon goes as JSON. */
static int
check_text(const struct cli *cli)
{
    for (int i = 0; i < cli->argc; i++) {
        json_t *text = json_string(cli->argv[i]);

        if (!text)
            return cli_error("%s: argument %d: want text in UTF-8", cli->verb, i + 1);
        json_decref(text);
    }
    return 0;
}

static int
check_verb(const struct cli *cli, const struct cli_verb *verb)
{
    bool is_change = is_one_of(cli_change_verbs, verb);

    if (cli->argc < verb->min_args || (verb->max_args >= 0 && cli->argc > verb->max_args))
        return cli_error("%s: want: shuntctl %s%s%s", cli->verb, verb->name, *verb->args ? " " : "",
                         verb->args);
    if (cli->steps && !is_change)
        return cli_error("%s: cannot be joined to others by --, only what changes bridges, ports "
                         "and controllers can",
                         cli->verb);
    return is_change || is_one_of(cli_daemon_verbs, verb) ? check_text(cli) : 0;
}

static unsigned alarm_s;

static void
give_up(int number)
{
    char text[80];
    int n = snprintf(text, sizeof text, "shuntctl: no end within %u s (--timeout)\n", alarm_s);

    (void)number;
    (void)!write(STDERR_FILENO, text, (size_t)n);
    _exit(1);
}

/* The time counts from the first command on. */
static void
limit_time(unsigned seconds)
{
    if (!seconds || alarm_s)
        return;
    alarm_s = seconds;
    signal(SIGALRM, give_up);
    alarm(seconds);
}

/* One command: argv[0] is the program's name. */
static int
run_command(int argc, char **argv, struct cli *cli)
{
    bool is_first_of_several = cli->steps && !json_array_size(cli->steps);
    const struct cli_verb *verb;

    cli->may_exist = cli->if_exists = false;
    if (parse_options(argc, argv, cli))
        return 1;
    if (optind == argc)
        return is_first_of_several ? 0 : cli_error("which verb? 'shuntctl --help' names them");
    verb = take_verb(cli, argc - optind, argv + optind);
    if (!verb)
        return cli_error("there is no verb '%s': 'shuntctl --help' names them", cli->verb);
    if (check_verb(cli, verb))
        return 1;
    limit_time(cli->timeout_s);
    return verb->run(cli);
}

/* The arguments up to the next "--". */
static int
count_arguments(int argc, char **argv)
{
    int n = 0;

    while (n < argc && strcmp(argv[n], "--"))
        n++;
    return n;
}

/* Commands with "--" between them are one transaction. */
static int
run_commands(int argc, char **argv, struct cli *cli)
{
    int status = 0;

    cli->steps = json_array();
    while (!status && argc > 0) {
        int n = count_arguments(argc - 1, argv + 1);

        status = run_command(n + 1, argv, cli);
        argv[n + 1] = argv[0];
        argc -= n + 1;
        argv += n + 1;
    }
    if (!status && !json_array_size(cli->steps))
        status = cli_error("which verb? 'shuntctl --help' names them");
    if (!status) {
        json_t *request = json_pack("{s:s, s:O}", "verb", "transaction", "requests", cli->steps);
        json_t *steps = cli->steps;

        cli->steps = NULL;
        status = cli_do_request(cli, request);
        json_decref(steps);
    }
    return status;
}

int
main(int argc, char **argv)
{
    struct cli cli = {.run_dir = "/run/shunt"};
    int status;

    signal(SIGPIPE, SIG_IGN);
    if (count_arguments(argc, argv) < argc)
        status = run_commands(argc, argv, &cli);
    else
        status = run_command(argc, argv, &cli);
    return flush_output(status);
}
