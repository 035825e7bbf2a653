/* A quiet stream that, from SIGUSR1 on, says at a steady pace what it plays now: title 1, title 2 and so on.
   Arguments: how many titles, and how many of them a second. It goes on under the last one until it is ended. */
#include <pipewire/pipewire.h>
#include <signal.h>
#include <spa/param/audio/format-utils.h>
#include <stdio.h>
#include <stdlib.h>

#define RATE 48000
#define CHANNELS 2

struct renamer {
    struct pw_main_loop *loop;
    struct pw_stream *stream;
    struct spa_source *timer;
    long titles, told, pause_ns;
    uint32_t seed;
};

static void process(void *data) {
    struct renamer *renamer = data;
    struct pw_buffer *buffer = pw_stream_dequeue_buffer(renamer->stream);
    if (buffer == NULL)
        return;
    struct spa_data *out = &buffer->buffer->datas[0];
    uint32_t frames = out->maxsize / (sizeof(float) * CHANNELS);
    if (buffer->requested != 0 && buffer->requested < frames)
        frames = (uint32_t)buffer->requested;
    float *samples = out->data;
    for (uint32_t n = 0; samples != NULL && n < frames * CHANNELS; n++) {
        renamer->seed = renamer->seed * 1664525u + 1013904223u;
        samples[n] = ((float)(renamer->seed >> 8) / 8388608.0f - 1.0f) * 0.05f;
    }
    out->chunk->offset = 0;
    out->chunk->stride = sizeof(float) * CHANNELS;
    out->chunk->size = frames * sizeof(float) * CHANNELS;
    pw_stream_queue_buffer(renamer->stream, buffer);
}

static const struct pw_stream_events events = { PW_VERSION_STREAM_EVENTS, .process = process };

static void rename_stream(void *data, uint64_t expirations) {
    struct renamer *renamer = data;
    for (; expirations > 0 && renamer->told < renamer->titles; expirations--) {
        char title[32];
        snprintf(title, sizeof(title), "title %ld", ++renamer->told);
        struct spa_dict_item item = SPA_DICT_ITEM_INIT(PW_KEY_MEDIA_NAME, title);
        pw_stream_update_properties(renamer->stream, &SPA_DICT_INIT(&item, 1));
    }
}

static void begin(void *data, int number) {
    (void)number;
    struct renamer *renamer = data;
    struct timespec pause = { .tv_nsec = renamer->pause_ns };
    pw_loop_update_timer(pw_main_loop_get_loop(renamer->loop), renamer->timer, &pause, &pause, false);
}

static void quit(void *data, int number) {
    (void)number;
    pw_main_loop_quit(((struct renamer *)data)->loop);
}

int main(int argc, char **argv) {
    struct renamer renamer = { .seed = 1 };
    if (argc != 3)
        return 2;
    renamer.titles = atol(argv[1]);
    renamer.pause_ns = 1000000000 / atol(argv[2]);
    pw_init(&argc, &argv);
    renamer.loop = pw_main_loop_new(NULL);
    struct pw_loop *loop = pw_main_loop_get_loop(renamer.loop);
    /* Before there is another thread that a signal could come to. */
    pw_loop_add_signal(loop, SIGTERM, quit, &renamer);
    renamer.timer = pw_loop_add_timer(loop, rename_stream, &renamer);
    pw_loop_add_signal(loop, SIGUSR1, begin, &renamer);
    struct pw_properties *props =
        pw_properties_new(PW_KEY_MEDIA_TYPE, "Audio", PW_KEY_MEDIA_CATEGORY, "Playback", PW_KEY_APP_NAME, "Renamer",
                          PW_KEY_NODE_NAME, "Renamer", PW_KEY_MEDIA_NAME, "title 0", NULL);
    renamer.stream = pw_stream_new_simple(loop, "Renamer", props, &events, &renamer);
    if (renamer.stream == NULL)
        return 1;
    uint8_t room[1024];
    struct spa_pod_builder builder = SPA_POD_BUILDER_INIT(room, sizeof(room));
    const struct spa_pod *format = spa_format_audio_raw_build(
        &builder, SPA_PARAM_EnumFormat,
        &SPA_AUDIO_INFO_RAW_INIT(.format = SPA_AUDIO_FORMAT_F32, .rate = RATE, .channels = CHANNELS));
    enum pw_stream_flags flags = PW_STREAM_FLAG_AUTOCONNECT | PW_STREAM_FLAG_MAP_BUFFERS | PW_STREAM_FLAG_RT_PROCESS;
    if (pw_stream_connect(renamer.stream, PW_DIRECTION_OUTPUT, PW_ID_ANY, flags, &format, 1) < 0)
        return 1;
    pw_main_loop_run(renamer.loop);
    pw_stream_destroy(renamer.stream);
    pw_main_loop_destroy(renamer.loop);
    pw_deinit();
    return 0;
}
