/* SPDX-License-Identifier: Apache-2.0 */
/* Gives up what the daemon does not need: capabilities, and with --user the identity of root.
 *
 * The capabilities that stay are ambient (capabilities(7)), so that a restart, which runs the
 * program anew, starts as this process went on. Directories and what is in them go to the user
 * before. */
#include "shuntd/daemon.h"

#include <cap-ng.h>
#include <errno.h>
#include <ftw.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/util.h"

static const struct {
    unsigned int capability;
    const char *purpose;
} needs[] = {
    {CAP_BPF, "maps and programs"},
    {CAP_PERFMON, "programs that use pointers"},
    {CAP_NET_ADMIN, "devices, hooks, buffers of sockets"},
    {CAP_NET_RAW, "packets of user space"},
    {CAP_NET_BROADCAST, "link events of other namespaces (ports/far.c)"},
    {CAP_NET_BIND_SERVICE, "ptcp: on a low port"},
};

struct identity {
    uid_t uid;
    gid_t gid;
};

/* ---- Who ---- */

static int
find_group(const char *name, gid_t *gid, struct error *error)
{
    const struct group *group = getgrnam(name);

    if (!group)
        return error_set(error, ENOENT, "--user: there is no group '%s': make it with groupadd",
                         name);
    *gid = group->gr_gid;
    return 0;
}

/* `text` is USER or USER:GROUP. */
static int
find_identity(const char *text, struct identity *identity, struct error *error)
{
    const char *colon = strchr(text, ':');
    const struct passwd *passwd;
    char name[64];

    snprintf(name, sizeof name, "%.*s", colon ? (int)(colon - text) : (int)strlen(text), text);
    passwd = getpwnam(name);
    if (!passwd)
        return error_set(error, ENOENT, "--user: there is no user '%s': make it with useradd -r",
                         name);
    *identity = (struct identity){passwd->pw_uid, passwd->pw_gid};
    return colon ? find_group(colon + 1, &identity->gid, error) : 0;
}

/* ---- Whose files ---- */

/* nftw(3) hands nothing through. */
static struct identity new_owner;

static int
own_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return lchown(path, new_owner.uid, new_owner.gid) ? errno : 0;
}

static int
own_directory(const char *dir, const struct identity *identity, struct error *error)
{
    int err = 0;

    if (!dir)
        return 0;
    if (mkdir(dir, 0755) < 0 && errno != EEXIST)
        err = errno;
    new_owner = *identity;
    if (!err)
        err = nftw(dir, own_entry, 16, FTW_PHYS | FTW_MOUNT);
    if (err)
        return error_set(error, err > 0 ? err : errno,
                         "%s: this directory could not be made the daemon's own: %s", dir,
                         strerror(err > 0 ? err : errno));
    return 0;
}

/* Others than root may search the BPF file system, to get at what is their own; they still cannot
 * list it. */
static int
open_way_to(const char *pin_dir, struct error *error)
{
    static const char bpffs[] = "/sys/fs/bpf";
    struct stat status;

    if (dp_make_pin_dir(pin_dir))
        return error_set(error, EINVAL, "%s", dp_error());
    if (strncmp(pin_dir, bpffs, strlen(bpffs)))
        return 0;
    if (stat(bpffs, &status) || chmod(bpffs, (status.st_mode & 07777) | 0111))
        return error_set(error, errno, "%s: could not be opened for searching: %s", bpffs,
                         strerror(errno));
    return 0;
}

static int
own_files(const struct daemon_options *options, const struct identity *identity,
          struct error *error)
{
    int err = own_directory(options->run_dir, identity, error);

    if (!err)
        err = own_directory(options->state_dir, identity, error);
    if (!err)
        err = open_way_to(options->pin_dir, error);
    if (!err)
        err = own_directory(options->pin_dir, identity, error);
    if (!err && options->log_file && chown(options->log_file, identity->uid, identity->gid))
        err = error_set(error, errno, "%s: this log could not be made the daemon's own: %s",
                        options->log_file, strerror(errno));
    return err;
}

/* ---- What stays ---- */

/* Only what the process has: it may have been started with less. */
static void
choose_capabilities(capng_type_t types)
{
    uint32_t had = 0;

    for (size_t i = 0; i < ARRAY_SIZE(needs); i++)
        had |= (uint32_t)(capng_have_capability(CAPNG_PERMITTED, needs[i].capability) != 0) << i;
    capng_clear(CAPNG_SELECT_BOTH);
    for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
        if (had >> i & 1)
            capng_update(CAPNG_ADD, types, needs[i].capability);
    }
}

static int
become(const struct identity *identity, struct error *error)
{
    int result;

    choose_capabilities(CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE | CAPNG_BOUNDING_SET |
                        CAPNG_AMBIENT);
    result = capng_apply(CAPNG_SELECT_BOUNDS);
    if (!result)
        result = capng_change_id((int)identity->uid, (int)identity->gid, CAPNG_DROP_SUPP_GRP);
    if (!result)
        result = capng_apply(CAPNG_SELECT_AMBIENT);
    if (result)
        return error_set(error, EPERM, "the daemon could not become user %u (step %d of libcap-ng)",
                         (unsigned int)identity->uid, -result);
    return 0;
}

static int
drop_capabilities(struct error *error)
{
    capng_type_t types = CAPNG_EFFECTIVE | CAPNG_PERMITTED;
    int result;

    if (geteuid())
        types |= CAPNG_INHERITABLE | CAPNG_AMBIENT;
    choose_capabilities(types);
    result = capng_apply(CAPNG_SELECT_CAPS);
    if (!result && geteuid())
        result = capng_apply(CAPNG_SELECT_AMBIENT);
    if (result)
        return error_set(error, EPERM, "capabilities could not be dropped (step %d of libcap-ng)",
                         -result);
    return 0;
}

int
daemon_drop_privileges(const struct daemon_options *options, struct error *error)
{
    struct identity identity;
    int err;

    if (capng_get_caps_process())
        return error_set(error, EPERM, "the process's capabilities could not be read: mount proc");
    if (!options->user) {
        if (dp_make_pin_dir(options->pin_dir))
            return error_set(error, EINVAL, "%s", dp_error());
        return drop_capabilities(error);
    }
    err = find_identity(options->user, &identity, error);
    if (err)
        return err;
    if (geteuid() == identity.uid)
        return drop_capabilities(error);
    if (geteuid() != 0)
        return error_set(error, EPERM, "--user %s: only root may become somebody else",
                         options->user);
    err = own_files(options, &identity, error);
    return err ? err : become(&identity, error);
}
