/* SPDX-License-Identifier: Apache-2.0 */
/* The ethtool ioctl (linux/ethtool.h): speed, duplex, modes and offloads of a device. */
#include "ports/link.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/util.h"

/* More words of a mode bitmap than any kernel has. */
#define MODE_WORDS_MAX 16

union settings {
    struct ethtool_link_settings base;
    /* Behind the base: bitmaps of what is supported, advertised, and advertised by the peer. */
    uint32_t words[sizeof(struct ethtool_link_settings) / 4 + 3 * MODE_WORDS_MAX];
};

static int
ethtool(int fd, const char *name, void *request)
{
    struct ifreq ifr = {.ifr_data = request};

    strncpy(ifr.ifr_name, name, sizeof ifr.ifr_name - 1);
    return ioctl(fd, SIOCETHTOOL, &ifr) < 0 ? errno : 0;
}

static bool
get_flag(int fd, const char *name, uint32_t cmd)
{
    struct ethtool_value value = {.cmd = cmd};

    return !ethtool(fd, name, &value) && value.data;
}

static uint32_t
mode_of_speed(uint32_t speed_mbps, bool full_duplex)
{
    switch (speed_mbps) {
    case 0:
        return 0;
    case SPEED_10:
        return full_duplex ? LINK_MODE_10M_FD : LINK_MODE_10M_HD;
    case SPEED_100:
        return full_duplex ? LINK_MODE_100M_FD : LINK_MODE_100M_HD;
    case SPEED_1000:
        return full_duplex ? LINK_MODE_1G_FD : LINK_MODE_1G_HD;
    case SPEED_10000:
        return LINK_MODE_10G_FD;
    case SPEED_40000:
        return LINK_MODE_40G_FD;
    case SPEED_100000:
        return LINK_MODE_100G_FD;
    case 1000000:
        return LINK_MODE_1T_FD;
    default:
        return LINK_MODE_OTHER;
    }
}

/* The LINK_MODE_* bits of one of ethtool's mode bitmaps. */
static uint32_t
modes_of_bitmap(const uint32_t *bitmap, size_t n_words)
{
    static const struct {
        uint8_t bit;
        uint32_t mode;
    } rows[] = {
        {ETHTOOL_LINK_MODE_10baseT_Half_BIT, LINK_MODE_10M_HD},
        {ETHTOOL_LINK_MODE_10baseT_Full_BIT, LINK_MODE_10M_FD},
        {ETHTOOL_LINK_MODE_100baseT_Half_BIT, LINK_MODE_100M_HD},
        {ETHTOOL_LINK_MODE_100baseT_Full_BIT, LINK_MODE_100M_FD},
        {ETHTOOL_LINK_MODE_1000baseT_Half_BIT, LINK_MODE_1G_HD},
        {ETHTOOL_LINK_MODE_1000baseT_Full_BIT, LINK_MODE_1G_FD},
        {ETHTOOL_LINK_MODE_1000baseX_Full_BIT, LINK_MODE_1G_FD},
        {ETHTOOL_LINK_MODE_10000baseT_Full_BIT, LINK_MODE_10G_FD},
        {ETHTOOL_LINK_MODE_10000baseSR_Full_BIT, LINK_MODE_10G_FD},
        {ETHTOOL_LINK_MODE_10000baseLR_Full_BIT, LINK_MODE_10G_FD},
        {ETHTOOL_LINK_MODE_10000baseKR_Full_BIT, LINK_MODE_10G_FD},
        {ETHTOOL_LINK_MODE_40000baseKR4_Full_BIT, LINK_MODE_40G_FD},
        {ETHTOOL_LINK_MODE_40000baseCR4_Full_BIT, LINK_MODE_40G_FD},
        {ETHTOOL_LINK_MODE_40000baseSR4_Full_BIT, LINK_MODE_40G_FD},
        {ETHTOOL_LINK_MODE_40000baseLR4_Full_BIT, LINK_MODE_40G_FD},
        {ETHTOOL_LINK_MODE_100000baseKR4_Full_BIT, LINK_MODE_100G_FD},
        {ETHTOOL_LINK_MODE_100000baseSR4_Full_BIT, LINK_MODE_100G_FD},
        {ETHTOOL_LINK_MODE_100000baseCR4_Full_BIT, LINK_MODE_100G_FD},
        {ETHTOOL_LINK_MODE_TP_BIT, LINK_MODE_COPPER},
        {ETHTOOL_LINK_MODE_FIBRE_BIT, LINK_MODE_FIBER},
        {ETHTOOL_LINK_MODE_Autoneg_BIT, LINK_MODE_AUTONEG},
        {ETHTOOL_LINK_MODE_Pause_BIT, LINK_MODE_PAUSE},
        {ETHTOOL_LINK_MODE_Asym_Pause_BIT, LINK_MODE_PAUSE_ASYM},
    };
    uint32_t modes = 0;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        size_t word = rows[i].bit / 32;

        if (word < n_words && bitmap[word] >> rows[i].bit % 32 & 1)
            modes |= rows[i].mode;
    }
    return modes;
}

/* The kernel answers a first request with the negated size of its bitmaps, in words. */
static int
get_settings(int fd, const char *name, union settings *settings)
{
    int err, n_words;

    memset(settings, 0, sizeof *settings);
    settings->base.cmd = ETHTOOL_GLINKSETTINGS;
    err = ethtool(fd, name, settings);
    if (err)
        return err;
    n_words = -settings->base.link_mode_masks_nwords;
    if (n_words <= 0 || n_words > MODE_WORDS_MAX)
        return EPROTO;
    memset(settings, 0, sizeof *settings);
    settings->base.cmd = ETHTOOL_GLINKSETTINGS;
    settings->base.link_mode_masks_nwords = n_words;
    return ethtool(fd, name, settings);
}

static void
read_settings(const union settings *settings, struct link_medium *medium)
{
    const struct ethtool_link_settings *base = &settings->base;
    const uint32_t *modes = base->link_mode_masks;
    size_t n_words = base->link_mode_masks_nwords;

    if (base->speed != (uint32_t)SPEED_UNKNOWN)
        medium->speed_mbps = base->speed;
    medium->supported = modes_of_bitmap(modes, n_words);
    medium->advertised = modes_of_bitmap(modes + n_words, n_words);
    medium->peer = modes_of_bitmap(modes + 2 * n_words, n_words);
    medium->current = mode_of_speed(medium->speed_mbps, base->duplex != DUPLEX_HALF);
    if (base->autoneg == AUTONEG_ENABLE)
        medium->current |= LINK_MODE_AUTONEG;
    if (base->port == PORT_TP)
        medium->current |= LINK_MODE_COPPER;
    else if (base->port == PORT_FIBRE)
        medium->current |= LINK_MODE_FIBER;
}

int
link_get_medium(const char *name, struct link_medium *medium)
{
    struct ethtool_drvinfo driver = {.cmd = ETHTOOL_GDRVINFO};
    union settings settings;
    int fd, err;

    memset(medium, 0, sizeof *medium);
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    err = get_settings(fd, name, &settings);
    if (err == ENODEV)
        goto out;
    if (!err)
        read_settings(&settings, medium);
    err = 0;
    medium->gro = get_flag(fd, name, ETHTOOL_GGRO);
    medium->tso = get_flag(fd, name, ETHTOOL_GTSO);
    medium->tx_checksum = get_flag(fd, name, ETHTOOL_GTXCSUM);
    if (!ethtool(fd, name, &driver))
        memcpy(medium->driver, driver.driver, sizeof medium->driver - 1);
out:
    close(fd);
    return err;
}
