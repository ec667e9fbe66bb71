/* SPDX-License-Identifier: Apache-2.0 */
/* The TLS context of ssl: and pssl: both sides show certificates and check them against one
 * authority (OpenFlow 1.3 section 6.3.3). */
#include "shuntd/daemon.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

static const char *
reason(void)
{
    const char *text = ERR_reason_error_string(ERR_get_error());

    return text ? text : "not readable";
}

static int
load(SSL_CTX *ctx, const struct daemon_options *options, struct error *error)
{
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(ctx, options->certificate) != 1)
        return error_set(error, EINVAL, "%s: no certificate in PEM: %s", options->certificate,
                         reason());
    if (SSL_CTX_use_PrivateKey_file(ctx, options->private_key, SSL_FILETYPE_PEM) != 1)
        return error_set(error, EINVAL, "%s: no private key of that certificate in PEM: %s",
                         options->private_key, reason());
    if (SSL_CTX_load_verify_locations(ctx, options->ca_cert, NULL) != 1)
        return error_set(error, EINVAL, "%s: no authority's certificate in PEM: %s",
                         options->ca_cert, reason());
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    if (options->peer_name &&
        X509_VERIFY_PARAM_set1_host(SSL_CTX_get0_param(ctx), options->peer_name, 0) != 1)
        return error_set(error, EINVAL, "--peer-name '%s': no name of a certificate",
                         options->peer_name);
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    return 0;
}

int
daemon_open_tls(const struct daemon_options *options, SSL_CTX **ctxp, struct error *error)
{
    SSL_CTX *ctx;
    int err;

    *ctxp = NULL;
    if (!options->private_key && !options->certificate && !options->ca_cert && !options->peer_name)
        return 0;
    if (!options->private_key || !options->certificate || !options->ca_cert)
        return error_set(error, EINVAL,
                         "TLS takes --private-key, --certificate and --ca-cert together");
    ctx = SSL_CTX_new(TLS_method());
    if (!ctx)
        return error_set(error, ENOMEM, "no TLS context: %s", reason());
    err = load(ctx, options, error);
    if (err)
        SSL_CTX_free(ctx);
    else
        *ctxp = ctx;
    return err;
}
