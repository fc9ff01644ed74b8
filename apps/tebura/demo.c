/* demo.c: the order of things: look at the pictures, start the site, let everybody travel, let the flights depart,
 * judge. */
#include "command.h"
#include "demo.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>

static const char help[] =
    "usage: tebura demo [--once] [--json] [--faces DIR] [--pictures DIR] [--profile FILE] [--web DIR]\n\n"
    "An airport on this machine: teburad with its broker, eleven terminals, about twenty travellers, three flights.\n"
    "SIMULATION: the cameras re-photograph pictures, the passports are printed here, no money moves. The rest is real.\n"
    "Without --once three more terminals follow, for your own webcam in the browser.\n\n"
    "  --once          end when the flights have left; exit code 0 only if everything was as expected\n"
    "  --json          a summary on standard output, everything else on standard error\n"
    "  --faces DIR     genuinely different photographs of the same people: DIR/photos/NAME/*.jpg, DIR/portraits/NAME/*\n"
    "  --pictures DIR  where sample1.jpg to sample6.jpg lie\n"
    "  --profile FILE  another site profile\n"
    "  --web DIR       the console's pages\n\n"
    "Exit status: 0 everything was as expected, 1 it was not, 2 it could not be done.\n";

enum { TOUCHPOINT_LINK = 768 };

static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

int demo_is_interrupted(void)
{
    return interrupted;
}

/* ---- command line ---- */

/* The first of an installed and a source file that is there; NULL when neither is. `space` holds the answer. */
static const char *find(const char *installed, const char *source, char *space, size_t size)
{
    char own[400];
    if (process_own_directory(own, sizeof own) == TB_OK) {
        snprintf(space, size, "%s/../share/tebura/%s", own, installed);
        if (access(space, R_OK) == 0)
            return space;
    }
    snprintf(space, size, "%s", source);
    return access(space, R_OK) == 0 ? space : NULL;
}

static int read_options(int argc, char **argv, demo_options *out)
{
    for (int i = 1; i < argc; i++) {
        const char **value = strcmp(argv[i], "--faces") == 0      ? &out->faces
                             : strcmp(argv[i], "--pictures") == 0 ? &out->pictures
                             : strcmp(argv[i], "--profile") == 0  ? &out->profile
                             : strcmp(argv[i], "--web") == 0      ? &out->web
                                                                  : NULL;
        if (strcmp(argv[i], "--once") == 0)
            out->once = 1;
        else if (strcmp(argv[i], "--json") == 0)
            out->json = 1;
        else if (value && i + 1 < argc)
            *value = argv[++i];
        else
            return 0;
    }
    return 1;
}

/* ---- who travels ---- */

/* The next face that is, or is not, fit for a camera; NULL when there is none left. */
static const demo_face *take_face(demo *d, int usable, int taken[DEMO_TRAVELLERS_MAX])
{
    for (int i = 0; i < d->face_count; i++)
        if (!taken[i] && demo_face_is_usable(&d->faces[i]) == usable) {
            taken[i] = 1;
            return &d->faces[i];
        }
    return NULL;
}

/* Who is turned away before the camera looks can be somebody who looks aside in the only photograph. */
static void fill_travellers(demo *d)
{
    int taken[DEMO_TRAVELLERS_MAX] = {0};
    for (int i = 0; i < demo_cast_size && d->traveller_count < DEMO_TRAVELLERS_MAX; i++) {
        int camera = demo_role_needs_camera(&demo_cast[i]);
        const demo_face *face = take_face(d, camera, taken);
        if (!face && !camera)
            face = take_face(d, 1, taken);
        if (!face)
            continue;
        int index = d->traveller_count++;
        d->travellers[index] =
            (demo_traveller){.role = &demo_cast[i], .face = face, .demo = d, .index = index, .at = -1};
    }
}

static tb_status look_at_pictures(demo *d, tb_error *why)
{
    int64_t began = tb_clock_monotonic();
    demo_say(d, "  looking for people in photographs, and how they had best stand before a camera ...");
    tb_status status = d->options.faces ? demo_faces_in_folders(d->options.faces, d->directory, d->faces,
                                                                DEMO_TRAVELLERS_MAX, &d->face_count, why)
                                        : demo_faces_in_pictures(d->options.pictures, d->directory, d->faces,
                                                                 DEMO_TRAVELLERS_MAX, &d->face_count, why);
    if (status != TB_OK)
        return status;
    fill_travellers(d);
    int several = 0;
    for (int i = 0; i < d->traveller_count; i++)
        several += d->travellers[i].face->views > 1;
    demo_say(d, "  %d people found in the photographs, %d of the travellers in more than one", d->face_count, several);
    demo_say(d, "  (%.1f s)", (double)(tb_clock_monotonic() - began) / TB_SECOND);
    return d->traveller_count >= 4
               ? TB_OK
               : tb_fail(why, TB_NOT_FOUND, "the pictures show fewer than four people who look into the camera");
}

/* ---- the journey ---- */

static int start_travelling(demo *d)
{
    int all = 1;
    d->travelling = d->traveller_count;
    for (int i = 0; i < d->traveller_count; i++) {
        demo_traveller *t = &d->travellers[i];
        t->has_thread = pthread_create(&t->thread, NULL, demo_travel, t) == 0;
        if (!t->has_thread) {
            pthread_mutex_lock(&d->lock);
            d->travelling--;
            pthread_mutex_unlock(&d->lock);
            all = 0;
        }
    }
    return all;
}

static tb_status travel(demo *d, tb_error *why)
{
    d->started = tb_clock_monotonic();
    demo_table_begin(d);
    int all = start_travelling(d);
    for (int i = 0; i < d->traveller_count; i++)
        if (d->travellers[i].has_thread)
            (void)pthread_join(d->travellers[i].thread, NULL);
    d->journey_ended = tb_clock_monotonic();
    demo_table_end(d);
    return all ? TB_OK : tb_fail(why, TB_NO_MEMORY, "no thread for a traveller");
}

static tb_status depart(demo *d, tb_error *why)
{
    demo_count_before(d);
    demo_say(d, "\n%s and %s depart; %s is still to come.", d->flights[0].number, d->flights[1].number,
             d->flights[2].number);
    tb_status status = demo_flight_departs(d, 0, why);
    if (status == TB_OK)
        status = demo_flight_departs(d, 1, why);
    if (status == TB_OK)
        demo_check_what_is_left(d);
    return status;
}

static void announce_pages(demo *d)
{
    demo_say(d, "\n  Console in the browser:  %s/#token=%s", d->url, d->token);
    demo_say(d, "  SIMULATION: cameras re-photograph pictures, passports are printed by the demo, no money moves.\n");
}

static tb_status run(demo *d, int *passed, tb_error *why)
{
    demo_say(d, "Tebura: an airport journey by face alone\n");
    tb_status status = look_at_pictures(d, why);
    if (status == TB_OK)
        status = demo_site_start(d, why);
    if (status == TB_OK)
        status = demo_flights_announce(d, why);
    if (status != TB_OK)
        return status;
    announce_pages(d);
    status = travel(d, why);
    if (status == TB_OK && !demo_is_interrupted()) {
        demo_check_payments(d);
        status = depart(d, why);
    }
    if (demo_is_interrupted())
        return tb_fail(why, TB_END_OF_STREAM, "interrupted");
    if (status == TB_OK)
        *passed = demo_verdict(d);
    return status;
}

/* The terminals' own tokens come along in the fragment, which no server sees: their pages ask nobody. */
static const char *touchpoint_link(const demo *d, char out[TOUCHPOINT_LINK])
{
    int used = snprintf(out, TOUCHPOINT_LINK, "%s/touchpoint#token=%s", d->url, d->token);
    for (int i = 0; i < d->point_count && used < TOUCHPOINT_LINK; i++)
        if (strncmp(d->points[i].id, "webcam-", 7) == 0)
            used += snprintf(out + used, (size_t)(TOUCHPOINT_LINK - used), "&screen=%s~%s", d->points[i].screen,
                             d->points[i].token);
    return out;
}

static void stay(demo *d)
{
    tb_error why = {0};
    demo_say(d, "\nNow for you: three terminals whose camera is the webcam of your browser.");
    char link[TOUCHPOINT_LINK];
    if (demo_webcams_start(d, &why) == TB_OK)
        demo_say(d, "\n  Try it on yourself:      %s\n  To watch another one:    its token is in %s/NAME/screen.token",
                 touchpoint_link(d, link), d->directory);
    else
        demo_say(d, "  they do not start: %s", tb_error_text(&why));
    announce_pages(d);
    demo_say(d, "Ctrl-C ends everything and removes its data.");
    while (!demo_is_interrupted())
        nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
}

static void print_json(json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(value);
}

static int fail(const demo *d, tb_status status, const tb_error *why)
{
    if (d->options.json)
        print_json(json_pack("{s:{s:s, s:s}}", "error", "status", tb_status_name(status), "message",
                             why->text[0] ? why->text : tb_status_sentence(status)));
    return app_fail("demo", status, why);
}

static int conclude(demo *d, tb_status status, int passed, const tb_error *why)
{
    if (status == TB_OK && !d->options.once && !demo_is_interrupted())
        stay(d);
    demo_say(d, "\nEnding the programs ...");
    demo_site_end(d);
    if (d->ended_badly && status == TB_OK)
        demo_say(d, "%d programs did not end by themselves", d->ended_badly);
    int good = status == TB_OK && passed && !d->ended_badly;
    if (status != TB_OK && demo_is_interrupted())
        demo_say(d, "Interrupted: everything is ended and removed.");
    else if (status != TB_OK)
        (void)app_fail("demo", status, why);
    if (d->options.json && status == TB_OK) {
        json_t *summary = demo_summary(d, good);
        json_dumpf(summary, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(summary);
    }
    /* A program that was interrupted while it started may not have known yet how to end well: no reason to keep
     * logs. */
    if (demo_is_interrupted() || (!d->ended_badly && status == TB_OK))
        process_remove_tree(d->directory);
    else
        demo_say(d, "logs: %s/*.log", d->directory);
    return status != TB_OK ? APP_ERROR : good || (!d->options.once && passed) ? APP_YES : APP_NO;
}

static tb_status prepare(demo *d, tb_error *why)
{
    struct sigaction act = {.sa_handler = interrupt};
    const char *base = getenv("TMPDIR");
    time_t now = time(NULL);
    struct tm utc;
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    act.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &act, NULL);
    gmtime_r(&now, &utc);
    setenv("TZ", "UTC", 1); /* flights, documents and all programs agree on what day it is, wherever this runs */
    d->today = (tb_date){utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday};
    d->screen = d->options.json ? stderr : stdout;
    d->options.colours = isatty(fileno(d->screen)) && !getenv("NO_COLOR");
    d->began = tb_clock_monotonic();
    pthread_mutex_init(&d->lock, NULL);
    snprintf(d->directory, sizeof d->directory, "%s/tebura-demo-XXXXXX", base && strlen(base) < 30 ? base : "/tmp");
    if (!mkdtemp(d->directory))
        return tb_fail(why, TB_IO, "cannot make a directory for the demo's data");
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? TB_OK
                                                             : tb_fail(why, TB_NO_MEMORY, "libcurl does not start");
}

int command_demo(int argc, char **argv)
{
    static demo d; /* large, one per process */
    char profile[512], pictures[512], web[512];
    tb_error why = {0};
    int passed = 0;
    if (app_wants_help(argc, argv))
        return app_help(help);
    d.options.profile =
        find("profiles/airport.yaml", TEBURA_SOURCE_DIR "/profiles/airport.yaml", profile, sizeof profile);
    d.options.pictures = find("pictures", TEBURA_DEPS_DIR "/pictures", pictures, sizeof pictures);
    d.options.web = find("web", TEBURA_SOURCE_DIR "/web/dist", web, sizeof web);
    if (!read_options(argc, argv, &d.options))
        return fail(&d, TB_INVALID_ARGUMENT,
                    &(tb_error){TB_INVALID_ARGUMENT, "unknown argument; see tebura demo --help"});
    if (!d.options.profile || (!d.options.pictures && !d.options.faces))
        return fail(
            &d, TB_NOT_FOUND,
            &(tb_error){TB_NOT_FOUND,
                        "the airport's profile or the demo pictures are missing: run tools/setup (make demo does)"});
    tb_status status = prepare(&d, &why);
    if (status == TB_OK)
        status = run(&d, &passed, &why);
    int code = conclude(&d, status, passed, &why);
    curl_global_cleanup();
    pthread_mutex_destroy(&d.lock);
    return code;
}
