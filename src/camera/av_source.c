/* av_source.c: FFmpeg's libraries, as far as a terminal needs them: open, demultiplex, decode, convert to RGB.
 *
 * I1: decoded pictures lie in secret memory (the decoder asks us for its buffers), packets are wiped after use, so
 * nothing of a frame stays when the source is freed. (The demultiplexer's own read buffer is out of our reach.) I2:
 * every wait ends: at `stop`, or AV_PATIENCE after the last packet. */
#include "camera/av_source.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libavcodec/avcodec.h>
#include <libavdevice/avdevice.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>

#include <tebura/clock.h>
#include <tebura/secret.h>

#define BAD_PACKETS_MAX 100 /* in a row: a camera may lose a packet, not the thread */
#define KEY_PATIENCE                                                                                                   \
    300 /* packets to wait for one that stands alone: some cameras refresh in stripes and send none   \
                          */

struct av_source {
    av_kind kind;
    char name[128]; /* for sentences: without credentials */
    const atomic_int *stop;
    int64_t last_packet;
    AVFormatContext *format;
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame;
    struct SwsContext *scaler;
    uint8_t *row_memory; /* RGB with padded rows: the converter may write past a row's end */
    size_t row_size;
    int stream, drained, bad_packets, without_key;
};

/* ---- memory that is wiped ---- */

static void release(void *opaque, uint8_t *data)
{
    (void)opaque;
    tb_secret_free(data);
}

static int secret_buffer(AVCodecContext *codec, AVFrame *frame, int flags)
{
    if (!(codec->codec->capabilities & AV_CODEC_CAP_DR1))
        return avcodec_default_get_buffer2(codec, frame, flags);
    int width = frame->width, height = frame->height, align[AV_NUM_DATA_POINTERS];
    avcodec_align_dimensions2(codec, &width, &height, align);
    int size = av_image_get_buffer_size((enum AVPixelFormat)frame->format, width, height, 64);
    if (size < 0)
        return size;
    size_t padded = (size_t)size + 64 * 4 + AV_INPUT_BUFFER_PADDING_SIZE;
    uint8_t *memory = tb_secret_alloc(padded);
    if (!memory)
        return AVERROR(ENOMEM);
    frame->buf[0] = av_buffer_create(memory, padded, release, NULL, 0);
    if (!frame->buf[0]) {
        tb_secret_free(memory);
        return AVERROR(ENOMEM);
    }
    int filled = av_image_fill_arrays(frame->data, frame->linesize, memory, (enum AVPixelFormat)frame->format, width,
                                      height, 64);
    frame->extended_data = frame->data;
    return filled < 0 ? filled : 0;
}

static void drop_packet(AVPacket *packet)
{
    if (packet->buf && av_buffer_is_writable(packet->buf))
        tb_wipe(packet->buf->data, packet->buf->size);
    av_packet_unref(packet);
}

/* ---- opening ---- */

static int interrupted(void *context)
{
    const av_source *source = context;
    return (source->stop && atomic_load(source->stop)) || tb_clock_monotonic() - source->last_packet > AV_PATIENCE;
}

/* "rtsp://user:secret@host/path" without what stands before the @. */
static void name_without_credentials(const char *place, char *out, size_t size)
{
    const char *scheme = strstr(place, "://"), *host = scheme ? scheme + 3 : place;
    size_t authority = scheme ? strcspn(host, "/?#") : 0;
    for (const char *c = host + authority; scheme && c-- > host;)
        if (*c == '@') {
            snprintf(out, size, "%.*s%s", (int)(host - place), place, c + 1);
            return;
        }
    snprintf(out, size, "%s", place);
}

static tb_status fault(const av_source *source, int code, const char *doing, tb_error *why)
{
    if (code == AVERROR(ENOMEM))
        return tb_fail(why, TB_NO_MEMORY, "no memory for pictures of %s", source->name);
    int late =
        code == AVERROR_EXIT || code == AVERROR(ETIMEDOUT) || code == AVERROR(EAGAIN) ||
        tb_clock_monotonic() - source->last_packet >= AV_PATIENCE; /* some protocols then speak of invalid data */
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    if (!late)
        av_strerror(code, text, sizeof text);
    const char *cause = late ? "it does not answer in time" : text;
    if (source->kind == AV_FILM) {
        tb_status status = code == AVERROR(ENOENT)   ? TB_NOT_FOUND
                           : code == AVERROR(EACCES) ? TB_FORBIDDEN
                                                     : TB_MALFORMED;
        return tb_fail(why, status, "the film %s cannot be %s: %s", source->name, doing, cause);
    }
    tb_status status = code == AVERROR(ENOENT) && source->kind == AV_DEVICE ? TB_NOT_FOUND : TB_CAMERA_FAULT;
    return tb_fail(why, status, "the camera %s cannot be %s: %s; check its cable and address", source->name, doing,
                   cause);
}

static pthread_once_t library_once = PTHREAD_ONCE_INIT;
static void start_library(void)
{
    av_log_set_level(AV_LOG_QUIET); /* it would print addresses with their passwords; we say what is wrong ourselves */
    avdevice_register_all();
    (void)avformat_network_init();
}

static tb_status open_format(av_source *source, const char *place, tb_error *why)
{
    const AVInputFormat *input = NULL;
    AVDictionary *options = NULL;
    source->format = avformat_alloc_context();
    if (!source->format)
        return fault(source, AVERROR(ENOMEM), "opened", why);
    source->format->interrupt_callback = (AVIOInterruptCB){interrupted, source};
    int set = 0;
    if (source->kind == AV_DEVICE) {
        input = av_find_input_format("video4linux2");
        source->format->flags |= AVFMT_FLAG_NONBLOCK; /* a device that says nothing must not hold us */
        if (!input)
            return tb_fail(why, TB_UNSUPPORTED, "this FFmpeg has no V4L2: cameras on this machine cannot be used");
    } else if (source->kind == AV_NETWORK) {
        set |= av_dict_set(&options, "rtsp_transport", "tcp", 0); /* no torn pictures */
        set |= av_dict_set_int(&options, "timeout", AV_PATIENCE, 0);
        set |= av_dict_set(&options, "protocol_whitelist", "rtsp,rtp,udp,tcp,tls,rtsps,crypto", 0);
        set |= av_dict_set_int(&options, "analyzeduration", 2000000, 0);
    } else {
        set |= av_dict_set(&options, "protocol_whitelist", "file", 0); /* a play list must not reach the network */
    }
    source->last_packet = tb_clock_monotonic();
    int code =
        set < 0 ? AVERROR(ENOMEM) : avformat_open_input(&source->format, place, input, &options); /* frees on failure */
    av_dict_free(&options);
    if (code < 0)
        return fault(source, code, "opened", why);
    source->last_packet = tb_clock_monotonic();
    code = avformat_find_stream_info(source->format, NULL);
    return code < 0 ? fault(source, code, "read", why) : TB_OK;
}

static tb_status open_codec(av_source *source, tb_error *why)
{
    const AVCodec *decoder = NULL;
    source->stream = av_find_best_stream(source->format, AVMEDIA_TYPE_VIDEO, -1, -1, &decoder, 0);
    if (source->stream < 0 || !decoder)
        return tb_fail(why, TB_UNSUPPORTED, "%s holds no pictures that FFmpeg can decode here", source->name);
    source->codec = avcodec_alloc_context3(decoder);
    source->packet = av_packet_alloc();
    source->frame = av_frame_alloc();
    if (!source->codec || !source->packet || !source->frame)
        return fault(source, AVERROR(ENOMEM), "decoded", why);
    int code = avcodec_parameters_to_context(source->codec, source->format->streams[source->stream]->codecpar);
    source->codec->get_buffer2 = secret_buffer;
    source->codec->thread_count = 1; /* a second thread would only add delay: one picture at a time is wanted */
    source->codec->max_pixels = TB_IMAGE_MAX_PIXELS;
    if (source->kind != AV_FILM)
        source->codec->flags |= AV_CODEC_FLAG_LOW_DELAY; /* not for films: it would give B-pictures out of order */
    if (code >= 0)
        code = avcodec_open2(source->codec, decoder, NULL);
    return code < 0 ? fault(source, code, "decoded", why) : TB_OK;
}

tb_status av_source_open(av_kind kind, const char *place, const atomic_int *stop, av_source **out, tb_error *why)
{
    *out = NULL;
    (void)pthread_once(&library_once, start_library);
    av_source *source = calloc(1, sizeof *source);
    if (!source)
        return tb_fail(why, TB_NO_MEMORY, "no memory for a camera");
    source->kind = kind;
    source->stop = stop;
    name_without_credentials(place, source->name, sizeof source->name);
    tb_status status = open_format(source, place, why);
    if (status == TB_OK)
        status = open_codec(source, why);
    if (status != TB_OK)
        av_source_free(&source);
    *out = source;
    return status;
}

void av_source_free(av_source **source)
{
    av_source *s = *source;
    if (!s)
        return;
    if (s->packet)
        drop_packet(s->packet);
    av_packet_free(&s->packet);
    av_frame_free(&s->frame);
    avcodec_free_context(&s->codec);
    avformat_close_input(&s->format);
    sws_freeContext(s->scaler);
    tb_secret_free(s->row_memory);
    free(s);
    *source = NULL;
}

/* ---- reading ---- */

/* The deprecated "J" formats mean the ordinary ones with full range, which the converter wants to be told apart. */
static enum AVPixelFormat plain_format(enum AVPixelFormat format, int *full)
{
    switch (format) {
    case AV_PIX_FMT_YUVJ420P:
        *full = 1;
        return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P:
        *full = 1;
        return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P:
        *full = 1;
        return AV_PIX_FMT_YUV444P;
    case AV_PIX_FMT_YUVJ440P:
        *full = 1;
        return AV_PIX_FMT_YUV440P;
    default:
        return format;
    }
}

static tb_status prepare_scaler(av_source *source, tb_error *why)
{
    const AVFrame *frame = source->frame;
    int full = frame->color_range == AVCOL_RANGE_JPEG;
    enum AVPixelFormat format = plain_format((enum AVPixelFormat)frame->format, &full);
    source->scaler =
        sws_getCachedContext(source->scaler, frame->width, frame->height, format, frame->width, frame->height,
                             AV_PIX_FMT_RGB24, SWS_BILINEAR | SWS_ACCURATE_RND, NULL, NULL, NULL);
    if (!source->scaler)
        return tb_fail(why, TB_UNSUPPORTED, "the pictures of %s have a form that cannot be converted", source->name);
    int matrix = frame->colorspace == AVCOL_SPC_BT709 ? SWS_CS_ITU709 : SWS_CS_DEFAULT;
    (void)sws_setColorspaceDetails(source->scaler, sws_getCoefficients(matrix), full,
                                   sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16,
                                   1 << 16); /* has no effect on RGB sources, and says so */
    size_t needed = ((size_t)frame->width * 3 + 127) / 64 * 64 * (size_t)(frame->height + 1);
    if (source->row_size != needed) {
        tb_secret_free(source->row_memory);
        source->row_size = 0;
        source->row_memory = tb_secret_alloc(needed);
        if (!source->row_memory)
            return fault(source, AVERROR(ENOMEM), "converted", why);
        source->row_size = needed;
    }
    return TB_OK;
}

static tb_status convert(av_source *source, tb_image *out, tb_error *why)
{
    const AVFrame *frame = source->frame;
    if (frame->width < 1 || frame->height < 1 || (int64_t)frame->width * frame->height > TB_IMAGE_MAX_PIXELS)
        return tb_fail(why, TB_TOO_LARGE, "the pictures of %s have %d x %d pixels", source->name, frame->width,
                       frame->height);
    tb_status status = prepare_scaler(source, why);
    if (status == TB_OK)
        status = tb_image_new(frame->width, frame->height, out);
    if (status != TB_OK)
        return status;
    int stride = (frame->width * 3 + 127) / 64 * 64;
    uint8_t *rows[4] = {source->row_memory};
    int strides[4] = {stride};
    sws_scale(source->scaler, (const uint8_t *const *)frame->data, frame->linesize, 0, frame->height, rows, strides);
    for (int y = 0; y < frame->height; y++)
        memcpy(out->data + (size_t)y * (size_t)frame->width * 3, source->row_memory + (size_t)y * (size_t)stride,
               (size_t)frame->width * 3);
    return TB_OK;
}

/* Joining a stream in the middle, the first pictures would be grey with what moves: wait for one that stands alone. */
static int is_wanted(av_source *source)
{
    if (source->packet->stream_index != source->stream)
        return 0;
    if (source->packet->flags & AV_PKT_FLAG_KEY)
        source->without_key = KEY_PATIENCE;
    return source->kind == AV_FILM || source->without_key >= KEY_PATIENCE || ++source->without_key >= KEY_PATIENCE;
}

/* 0 when the decoder has got something new (perhaps only the news of the end), or FFmpeg's error. */
static int feed_decoder(av_source *source)
{
    int code = av_read_frame(source->format, source->packet);
    if (code == AVERROR(EAGAIN) && source->kind != AV_FILM) { /* no picture yet */
        if (interrupted(source))
            return AVERROR(ETIMEDOUT);
        nanosleep(&(struct timespec){.tv_nsec = 4000000}, NULL);
        return 0;
    }
    if (code == AVERROR_EOF && source->kind == AV_FILM) {
        source->drained = 1;
        return avcodec_send_packet(source->codec, NULL);
    }
    if (code < 0)
        return code;
    if (source->packet->stream_index == source->stream)
        source->last_packet = tb_clock_monotonic(); /* sound alone does not count as life */
    if (is_wanted(source)) {
        code = avcodec_send_packet(source->codec, source->packet);
        int bad = code == AVERROR_INVALIDDATA;
        source->bad_packets = bad ? source->bad_packets + 1 : 0;
        if (bad && source->bad_packets < BAD_PACKETS_MAX)
            code = 0;
    }
    return code;
}

tb_status av_source_read(av_source *source, tb_image *out, tb_error *why)
{
    source->last_packet = tb_clock_monotonic();
    for (;;) {
        int code = avcodec_receive_frame(source->codec, source->frame);
        if (code == 0 && source->kind != AV_FILM && (source->frame->flags & AV_FRAME_FLAG_CORRUPT)) {
            av_frame_unref(source->frame); /* half a face is no face; the next one comes soon */
            continue;
        }
        if (code == 0) {
            tb_status status = convert(source, out, why);
            av_frame_unref(source->frame);
            return status;
        }
        drop_packet(source->packet); /* the decoder has read it */
        if (code == AVERROR_EOF && source->kind == AV_FILM)
            return tb_fail(why, TB_END_OF_STREAM, "the film %s is at its end", source->name);
        if (code == AVERROR(EAGAIN))
            code = source->drained ? AVERROR_EOF : feed_decoder(source);
        else if (code == AVERROR_INVALIDDATA && ++source->bad_packets < BAD_PACKETS_MAX)
            code = 0;
        if (code < 0)
            return fault(source, code, "read", why);
    }
}
