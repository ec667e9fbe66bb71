/* SPDX-License-Identifier: Apache-2.0 */
/* Actions that send packets somewhere, or choose their queue: text and checks. */
#include "ofproto/ofpact-provider.h"

#include <strings.h>

/* ---- Output -----------------------------------------------------------------------------------*/
void
ofpact_format_OUTPUT(const struct ofpact_output *output, const struct ofpact_printer *p)
{
    if (output->truncate) {
        buf_puts(p->out, "output(port=");
        ofport_format(output->port, p->names, p->out);
        buf_printf(p->out, ",max_len=%u)", output->max_len);
        return;
    }
    if (output->port < OFPORT_MAX)
        buf_puts(p->out, "output:");
    ofport_format(output->port, p->names, p->out);
    if (output->port == OFPORT_CONTROLLER)
        buf_printf(p->out, ":%u", output->max_len);
}

enum ofperr
ofpact_check_port(uint32_t port, const struct ofpact_limits *limits)
{
    switch (port) {
    case OFPORT_IN_PORT:
    case OFPORT_TABLE:
    case OFPORT_NORMAL:
    case OFPORT_FLOOD:
    case OFPORT_ALL:
    case OFPORT_CONTROLLER:
    case OFPORT_LOCAL:
        return OFPERR_OK;
    default:
        return port && port < limits->max_ports ? OFPERR_OK : OFPERR_OFPBAC_BAD_OUT_PORT;
    }
}

enum ofperr
ofpact_check_OUTPUT(const struct ofpact_output *output, struct ofpact_checker *c)
{
    return ofpact_check_port(output->port, c->limits);
}

static char *
parse_truncate(char *value, struct ofpact_parser *parser)
{
    uint32_t port = OFPORT_ANY, max_len = 0;
    char *key, *v, *error = NULL;
    struct ofpact_output *output;

    while (!error && text_next_pair(&value, &key, &v, NULL)) {
        if (!strcmp(key, "port"))
            error = ofpact_parse_port(v, parser, &port);
        else if (!strcmp(key, "max_len"))
            error = text_u32("max_len", v, &max_len);
        else
            error = text_error("\"%s\" is unknown; write output(port=PORT,max_len=BYTES)", key);
    }
    if (error)
        return error;
    if (port == OFPORT_ANY || max_len < 14)
        return text_error("port and a max_len of at least 14 are needed");
    output = OFPACT_PUT(parser->out, OUTPUT, ofpact_output);
    output->port = port;
    output->max_len = max_len;
    output->truncate = true;
    return NULL;
}

static char *
parse_output(char *value, struct ofpact_parser *parser)
{
    struct ofpact_output_reg *reg;
    struct subfield src;
    uint32_t port;
    char *error;

    if (strchr(value, '='))
        return parse_truncate(value, parser);
    if (ofport_parse(value, parser->names, &port)) {
        ofpact_put_output(parser->out, port,
                          port == OFPORT_CONTROLLER ? OFCONTROLLER_MAX_LEN_NONE : 0);
        return NULL;
    }
    error = ofpact_parse_subfield(value, &src);
    if (error) {
        free(error);
        return text_error("\"%s\" is neither a port nor a field", value);
    }
    reg = OFPACT_PUT(parser->out, OUTPUT_REG, ofpact_output_reg);
    reg->src = src;
    reg->max_len = OFCONTROLLER_MAX_LEN_NONE;
    return NULL;
}

void
ofpact_format_OUTPUT_REG(const struct ofpact_output_reg *reg, const struct ofpact_printer *p)
{
    buf_puts(p->out, "output:");
    subfield_format(&reg->src, p->out);
}

enum ofperr
ofpact_check_OUTPUT_REG(const struct ofpact_output_reg *reg, struct ofpact_checker *c)
{
    return ofpact_check_src(&reg->src, c);
}

/* ---- Group ------------------------------------------------------------------------------------*/
void
ofpact_format_GROUP(const struct ofpact_group *group, const struct ofpact_printer *p)
{
    buf_printf(p->out, "group:%u", group->group_id);
}

enum ofperr
ofpact_check_GROUP(const struct ofpact_group *group, struct ofpact_checker *c)
{
    (void)c;
    return group->group_id < OFGROUP_MAX ? OFPERR_OK : OFPERR_OFPBAC_BAD_OUT_GROUP;
}

static char *
parse_group(char *value, struct ofpact_parser *parser)
{
    return text_u32("group", value, &OFPACT_PUT(parser->out, GROUP, ofpact_group)->group_id);
}

/* ---- Controller -------------------------------------------------------------------------------*/
static const char *const reason_names[] = {"no_match",   "action", "invalid_ttl",
                                           "action_set", "group",  "packet_out"};
#define REASON_ACTION 1 /* OFPR_ACTION. */

static void
format_userdata(const struct ofpact_controller *controller, struct buf *out)
{
    buf_puts(out, "userdata=");
    for (unsigned int i = 0; i < controller->userdata_size; i++)
        buf_printf(out, "%s%02x", i ? "." : "", controller->userdata[i]);
    buf_putc(out, ',');
}

void
ofpact_format_CONTROLLER(const struct ofpact_controller *controller, const struct ofpact_printer *p)
{
    struct buf *out = p->out;

    if (controller->reason == REASON_ACTION && !controller->controller_id &&
        !controller->userdata_size && !controller->pause && !controller->meter_id) {
        buf_printf(out, "CONTROLLER:%u", controller->max_len);
        return;
    }
    buf_puts(out, "controller(");
    if (controller->reason != REASON_ACTION && controller->reason < ARRAY_SIZE(reason_names))
        buf_printf(out, "reason=%s,", reason_names[controller->reason]);
    if (controller->max_len != OFCONTROLLER_MAX_LEN_NONE)
        buf_printf(out, "max_len=%u,", controller->max_len);
    if (controller->controller_id)
        buf_printf(out, "id=%u,", controller->controller_id);
    if (controller->userdata_size)
        format_userdata(controller, out);
    if (controller->pause)
        buf_puts(out, "pause,");
    if (controller->meter_id)
        buf_printf(out, "meter_id=%u,", controller->meter_id);
    buf_chomp(out, ',');
    buf_putc(out, ')');
}

enum ofperr
ofpact_check_CONTROLLER(const struct ofpact_controller *controller, struct ofpact_checker *c)
{
    (void)controller;
    (void)c;
    return OFPERR_OK;
}

static char *
parse_reason(const char *text, uint8_t *reason)
{
    for (size_t i = 0; i < ARRAY_SIZE(reason_names); i++)
        if (!strcmp(text, reason_names[i])) {
            *reason = (uint8_t)i;
            return NULL;
        }
    return text_error("\"%s\" is no reason; write action, no_match, invalid_ttl, action_set, group "
                      "or packet_out",
                      text);
}

static char *
parse_controller_key(const char *key, const char *value, struct ofpact_controller *c,
                     struct buf *userdata)
{
    if (!strcmp(key, "max_len"))
        return text_u16(key, value, &c->max_len);
    if (!strcmp(key, "id"))
        return text_u16(key, value, &c->controller_id);
    if (!strcmp(key, "reason"))
        return parse_reason(value, &c->reason);
    if (!strcmp(key, "userdata"))
        return text_hex(key, value, userdata);
    if (!strcmp(key, "meter_id"))
        return text_u32(key, value, &c->meter_id);
    if (strcmp(key, "pause"))
        return text_error("\"%s\" is unknown; the keys are max_len, id, reason, userdata, "
                          "meter_id and pause",
                          key);
    c->pause = true;
    return NULL;
}

static void
put_controller(const struct ofpact_controller *template, const struct buf *userdata,
               struct buf *out)
{
    size_t start = out->size;
    struct ofpact_controller *c;

    if (template->reason == REASON_ACTION && !template->controller_id && !template->pause &&
        !template->meter_id && !userdata->size) {
        ofpact_put_output(out, OFPORT_CONTROLLER, template->max_len);
        return;
    }
    c = OFPACT_PUT(out, CONTROLLER, ofpact_controller);
    c->max_len = template->max_len;
    c->controller_id = template->controller_id;
    c->reason = template->reason;
    c->pause = template->pause;
    c->meter_id = template->meter_id;
    c->userdata_size = (uint16_t)userdata->size;
    buf_put(out, userdata->data, userdata->size);
    ofpact_finish(out, start);
}

static char *
parse_controller(char *value, struct ofpact_parser *parser)
{
    struct ofpact_controller c = {.max_len = OFCONTROLLER_MAX_LEN_NONE, .reason = REASON_ACTION};
    struct buf userdata = BUF_INITIALIZER;
    char *key, *v, *error = NULL;
    unsigned __int128 number;

    if (text_integer(value, &number))
        error = text_u16("controller", value, &c.max_len);
    else
        while (!error && text_next_pair(&value, &key, &v, NULL))
            error = parse_controller_key(key, v, &c, &userdata);
    if (!error && userdata.size > UINT16_MAX - 64)
        error = text_error("userdata is too long");
    if (!error)
        put_controller(&c, &userdata, parser->out);
    buf_destroy(&userdata);
    return error;
}

/* ---- Queues -----------------------------------------------------------------------------------*/
void
ofpact_format_ENQUEUE(const struct ofpact_enqueue *enqueue, const struct ofpact_printer *p)
{
    buf_puts(p->out, "enqueue:");
    ofport_format(enqueue->port, p->names, p->out);
    buf_printf(p->out, ":%u", enqueue->queue_id);
}

enum ofperr
ofpact_check_ENQUEUE(const struct ofpact_enqueue *enqueue, struct ofpact_checker *c)
{
    if (enqueue->port >= OFPORT_MAX && enqueue->port != OFPORT_IN_PORT &&
        enqueue->port != OFPORT_LOCAL)
        return OFPERR_OFPBAC_BAD_OUT_PORT;
    return ofpact_check_port(enqueue->port, c->limits);
}

/* "PORT:QUEUE" or "PORT,QUEUE". */
static char *
parse_enqueue(char *value, struct ofpact_parser *parser)
{
    struct ofpact_enqueue *enqueue = OFPACT_PUT(parser->out, ENQUEUE, ofpact_enqueue);
    char *separator = value + strcspn(value + (*value == '"'), ":,");
    char *error;

    if (!*separator)
        return text_error("write enqueue:PORT:QUEUE");
    *separator = '\0';
    error = ofpact_parse_port(value, parser, &enqueue->port);
    return error ? error : text_u32("queue", separator + 1, &enqueue->queue_id);
}

void
ofpact_format_SET_QUEUE(const struct ofpact_queue *queue, const struct ofpact_printer *p)
{
    buf_printf(p->out, "set_queue:%u", queue->queue_id);
}

enum ofperr
ofpact_check_SET_QUEUE(const struct ofpact_queue *queue, struct ofpact_checker *c)
{
    (void)queue;
    (void)c;
    return OFPERR_OK;
}

static char *
parse_set_queue(char *value, struct ofpact_parser *parser)
{
    return text_u32("set_queue", value,
                    &OFPACT_PUT(parser->out, SET_QUEUE, ofpact_queue)->queue_id);
}

void
ofpact_format_POP_QUEUE(const struct ofpact_null *null, const struct ofpact_printer *p)
{
    (void)null;
    buf_puts(p->out, "pop_queue");
}

enum ofperr
ofpact_check_POP_QUEUE(const struct ofpact_null *null, struct ofpact_checker *c)
{
    (void)null;
    (void)c;
    return OFPERR_OK;
}

const struct ofpact_keyword ofpact_output_keywords[] = {
    {"output", parse_output, 0},
    {"group", parse_group, 0},
    {"controller", parse_controller, 0},
    {"enqueue", parse_enqueue, 0},
    {"set_queue", parse_set_queue, 0},
    {"pop_queue", ofpact_parse_null, OFPACT_POP_QUEUE},
    {NULL, NULL, 0},
};
