/* A filter of two channels that looks like JamesDSP's in the graph: the same properties and ports, and 6 dB of gain. */
#include <pipewire/filter.h>
#include <pipewire/pipewire.h>
#include <signal.h>
#include <stdint.h>

#define CHANNELS 2
#define GAIN 2.0f

struct effect {
    struct pw_main_loop *loop;
    struct pw_filter *filter;
    void *inputs[CHANNELS], *outputs[CHANNELS];
};

static void process(void *data, struct spa_io_position *position) {
    struct effect *effect = data;
    uint32_t frames = (uint32_t)position->clock.duration;
    for (int channel = 0; channel < CHANNELS; channel++) {
        const float *in = pw_filter_get_dsp_buffer(effect->inputs[channel], frames);
        float *out = pw_filter_get_dsp_buffer(effect->outputs[channel], frames);
        for (uint32_t n = 0; out != NULL && n < frames; n++)
            out[n] = in == NULL ? 0.0f : GAIN * in[n];
    }
}

static const struct pw_filter_events events = { PW_VERSION_FILTER_EVENTS, .process = process };

static void quit(void *data, int number) {
    (void)number;
    pw_main_loop_quit(((struct effect *)data)->loop);
}

static void *port(struct effect *effect, enum pw_direction direction, const char *name, const char *channel) {
    struct pw_properties *props = pw_properties_new(PW_KEY_FORMAT_DSP, "32 bit float mono audio", PW_KEY_PORT_NAME, name,
                                                    PW_KEY_AUDIO_CHANNEL, channel, NULL);
    return pw_filter_add_port(effect->filter, direction, PW_FILTER_PORT_FLAG_MAP_BUFFERS, 1, props, NULL, 0);
}

int main(int argc, char **argv) {
    struct effect effect = { 0 };
    pw_init(&argc, &argv);
    effect.loop = pw_main_loop_new(NULL);
    struct pw_loop *loop = pw_main_loop_get_loop(effect.loop);
    pw_loop_add_signal(loop, SIGTERM, quit, &effect);
    struct pw_properties *props = pw_properties_new(
        PW_KEY_APP_ID, "me.timschneeberger.jdsp4linux", PW_KEY_NODE_NAME, "jdsp_@PwJamesDspPlugin_JamesDsp",
        PW_KEY_NODE_NICK, "JamesDsp", PW_KEY_NODE_DESCRIPTION, "jamesdsp_filter", PW_KEY_MEDIA_TYPE, "Audio",
        PW_KEY_MEDIA_CATEGORY, "Filter", PW_KEY_MEDIA_ROLE, "DSP", PW_KEY_NODE_PASSIVE, "true", NULL);
    effect.filter = pw_filter_new_simple(loop, "jdsp_@PwJamesDspPlugin_JamesDsp", props, &events, &effect);
    if (effect.filter == NULL)
        return 1;
    effect.inputs[0] = port(&effect, PW_DIRECTION_INPUT, "input_FL", "FL");
    effect.inputs[1] = port(&effect, PW_DIRECTION_INPUT, "input_FR", "FR");
    effect.outputs[0] = port(&effect, PW_DIRECTION_OUTPUT, "output_FL", "FL");
    effect.outputs[1] = port(&effect, PW_DIRECTION_OUTPUT, "output_FR", "FR");
    if (pw_filter_connect(effect.filter, PW_FILTER_FLAG_RT_PROCESS, NULL, 0) < 0)
        return 1;
    pw_main_loop_run(effect.loop);
    pw_filter_destroy(effect.filter);
    pw_main_loop_destroy(effect.loop);
    pw_deinit();
    return 0;
}
