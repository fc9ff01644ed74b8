/* fill_flight.c: for scenarios: fills an empty data directory with one flight whose passengers have checked in by face
 * (made-up templates) and passed security, by the same calls as the server's.
 * usage: FILL_DIRECTORY=DIR FILL_FLIGHT=NH105/2026-11-21 FILL_COUNT=400 fill_flight */
#include "airport.h"

#include "face/manifest.h"

static tb_manifest manifest;

static tb_id check_in(airport *a, int number)
{
    char passport[10], surname[16];
    traveller t = {surname, "DEMO", passport, getenv("FILL_FLIGHT"), number, {{0}}};
    tb_answer answer = {0};
    tb_request request = {.id = tb_id_random(), .kind = TB_REQUEST_CHECKIN, .at = a->now, .consent = 1};
    tb_template face = vectors_template((uint32_t)number, (int)manifest.embed.dimension);
    snprintf(passport, sizeof passport, "F%07d", number % 10000000);
    snprintf(surname, sizeof surname, "PAX%c%c", 'A' + number / 26 % 26, 'A' + number % 26);
    face.model = manifest.embed.model;
    documents_of(&t, &request);
    request.document_score = 0.99f;
    assert_int_equal(tb_template_encode(&face, &request.probe), TB_OK);
    if (tb_management_checkin(a->m, &request, &answer) != TB_OK || answer.verdict != TB_ANSWER_ADMIT)
        fail_msg("%s %s", answer.reason, tb_status_sentence(answer.status));
    tb_request_free(&request);
    return answer.visit;
}

static void fill(void **state)
{
    static airport a;
    tb_bytes yaml = {0};
    tb_error why = {0};
    char found[4096];
    (void)state;
    assert_int_equal(tb_manifest_read(NULL, &manifest, found, sizeof found, &why), TB_OK);
    snprintf(a.folder, sizeof a.folder, "%s", getenv("FILL_DIRECTORY"));
    a.model = manifest.embed.model;
    a.dimension = (int)manifest.embed.dimension;
    a.calibration = &manifest.calibration.numbers;
    a.now = tb_clock_now();
    assert_int_equal(tb_file_read(TEBURA_SOURCE_DIR "/profiles/airport.yaml", 1 << 20, &yaml, &why), TB_OK);
    assert_int_equal(tb_profile_parse(tb_bytes_span(&yaml), "airport.yaml", &a.profile, &why), TB_OK);
    tb_bytes_free(&yaml);
    airport_open(&a);
    airport_flight(&a, getenv("FILL_FLIGHT"), "12", a.now - 5 * TB_MINUTE, a.now + TB_HOUR);
    a.terminals[SECURITY].id = "security-1";
    a.terminals[SECURITY].role = "security";
    airport_register(&a, SECURITY);
    for (int i = 1; i <= atoi(getenv("FILL_COUNT")); i++)
        airport_pass(&a, SECURITY, check_in(&a, i));
    tb_management_free(&a.m);
    tb_profile_free(&a.profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fill)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
