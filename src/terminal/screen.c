/* screen.c: one place for every sentence of a terminal that is not a profile's. "Try again" never looks like "no"
 * (M3). */
#include "terminal/screen.h"

#include <stdio.h>
#include <string.h>

struct sentence {
    const char *en, *ja;
};

static const struct sentence prompts[] = {
    [TB_ASK_PASSPORT] = {"Please lay your passport on the reader.", "パスポートを読み取り機に置いてください。"},
    [TB_ASK_BOARDING_PASS] = {"Please show your boarding pass to the reader.",
                              "搭乗券を読み取り機にかざしてください。"},
    [TB_ASK_FACE] = {"Please look into the camera.", "カメラを見てください。"},
    [TB_ASK_PIN] = {"Please enter your PIN.", "暗証番号を入力してください。"},
    [TB_ASK_STAFF] = {"A member of staff will be with you in a moment.", "係員が確認いたします。少々お待ちください。"},
    [TB_ASK_AMOUNT] = {"Please enter the amount.", "金額を入力してください。"},
};

/* %s: what the profile calls it */
static const struct sentence reference_prompts[] = {
    {"Please show your %s.", "%sをご提示ください。"},
    {"Please show your %s and look into the camera.", "%sをかざして、カメラを見てください。"},
};

static const struct sentence challenges[] = {
    [TB_CHALLENGE_NONE] = {"Please look straight into the camera.", "カメラの正面を見てください。"},
    [TB_CHALLENGE_LEFT] = {"Please turn your head to your left, and back.", "お顔を左に向けて、正面に戻してください。"},
    [TB_CHALLENGE_RIGHT] = {"Please turn your head to your right, and back.",
                            "お顔を右に向けて、正面に戻してください。"},
    [TB_CHALLENGE_UP] = {"Please look up, and back.", "上を向いて、正面に戻してください。"},
    [TB_CHALLENGE_DOWN] = {"Please look down, and back.", "下を向いて、正面に戻してください。"},
    [TB_CHALLENGE_EYES] = {"Please close your eyes for a moment, then open them.",
                           "少しの間、目を閉じてから開けてください。"},
};

static const struct sentence welcome[] = {
    [TB_KIND_CHECKIN] = {"You are checked in. From here on your face is enough.",
                         "チェックインが完了しました。ここからは顔だけでお進みいただけます。"},
    [TB_KIND_PASSAGE] = {"Please go through.", "どうぞお通りください。"},
    [TB_KIND_COUNTER] = {"Thank you.", "ありがとうございます。"},
    [TB_KIND_POS] = {"Paid. Thank you.", "お支払いが完了しました。ありがとうございます。"},
    [TB_KIND_PICKUP] = {"Your things are being brought.", "お品物をお渡しします。"},
    [TB_KIND_SIGN] = {"", ""},
    [TB_KIND_PRESENCE] = {"", ""},
};

/* What a person can mend, and what happened to us. English is the status' own sentence. */
static const struct {
    tb_status status;
    const char *ja;
} japanese[] = {
    {TB_RETRY_NO_FACE, "お顔が見えません。カメラを見てください。"},
    {TB_RETRY_SEVERAL_FACES, "お一人ずつお願いいたします。"},
    {TB_RETRY_FACE_AT_BORDER, "お顔が画面から外れています。中央にお立ちください。"},
    {TB_RETRY_TOO_FAR, "もう少し近づいてください。"},
    {TB_RETRY_TOO_CLOSE, "少し下がってください。"},
    {TB_RETRY_BLURRED, "そのまま動かずにお待ちください。"},
    {TB_RETRY_TURNED_AWAY, "正面を向いてカメラを見てください。"},
    {TB_RETRY_TOO_DARK, "明るい方を向いてください。"},
    {TB_RETRY_TOO_BRIGHT, "強い光の当たらない所にお立ちください。"},
    {TB_RETRY_HEAD_TILTED, "お顔をまっすぐにしてください。"},
    {TB_RETRY_UNEVEN_LIGHT, "お顔の片側が影になっています。明るい方を正面にしてください。"},
    {TB_RETRY_FLAT_LIGHT, "お顔がはっきり見えません。明るい所でお試しください。"},
    {TB_RETRY_EYES_COVERED, "目元が隠れています。サングラスを外し、前髪を分けてください。"},
    {TB_RETRY_EYES_CLOSED, "目を開けてカメラを見てください。"},
    {TB_RETRY_FACE_COVERED, "お顔が隠れています。マスクやマフラーを外してください。"},
    {TB_RETRY_MOUTH_OPEN, "口を閉じてください。"},
    {TB_RETRY_HEAD_COVERED, "額が隠れています。帽子をお取りください。"},
    {TB_RETRY_BUSY_BACKGROUND, "無地の背景の前にお立ちください。"},
    {TB_RETRY_CHALLENGE, "確認できませんでした。もう一度お願いいたします。"},
    {TB_RETRY_NOT_LIVE, "写真や画面ではご利用いただけません。ご本人がカメラの前にお立ちください。"},
    {TB_CHECK_DIGIT, "正しく読み取れませんでした。もう一度お願いいたします。"},
    {TB_PIN_WRONG, "暗証番号が違います。"},
    {TB_STALE, "サーバーからの情報が古いため、ほかの端末をご利用いただくか、係員にお声がけください。"},
    {TB_DISK_FULL, "端末の保存領域が不足しています。係員にお声がけください。"},
};

static void say(tb_screen *out, const char *en, const char *ja)
{
    snprintf(out->en, sizeof out->en, "%s", en);
    snprintf(out->ja, sizeof out->ja, "%s", ja);
}

void tb_screen_status(tb_status status, tb_screen *out)
{
    const char *ja = "恐れ入りますが、係員にお声がけください。";
    for (size_t i = 0; i < sizeof japanese / sizeof *japanese; i++)
        if (japanese[i].status == status)
            ja = japanese[i].ja;
    say(out, tb_status_sentence(status), ja);
    if (out->en[0] >= 'a' && out->en[0] <= 'z')
        out->en[0] = (char)(out->en[0] - 'a' + 'A');
}

static int say_in(const tb_profile *profile, const char *reason, const char *language, const tb_facts *facts,
                  int offset, char *out)
{
    tb_bytes text = {0};
    int found = tb_profile_sentence(profile, reason, language, facts, offset, &text) == TB_OK;
    if (found)
        snprintf(out, TB_SCREEN_TEXT, "%.*s", (int)text.size, (const char *)text.data);
    tb_bytes_free(&text);
    return found;
}

void tb_screen_reason(const tb_profile *profile, const char *reason, tb_screen *out)
{
    const tb_facts none = {0};
    (void)say_in(profile, reason, "en", &none, 0, out->en);
    (void)say_in(profile, reason, "ja", &none, 0, out->ja);
}

static void say_reason(tb_screen *out, const tb_transaction *t, const tb_profile *profile, int offset)
{
    tb_status otherwise = t->failure != TB_OK ? t->failure : TB_REFUSED;
    if (!t->reason[0] || !say_in(profile, t->reason, "en", &t->fields, offset, out->en) ||
        !say_in(profile, t->reason, "ja", &t->fields, offset, out->ja))
        tb_screen_status(otherwise, out);
}

/* How many people the attendant should see go through: a party, and children whom no camera knows. */
static void say_party(tb_screen *out, const tb_transaction *t)
{
    int people = (int)tb_facts_number(&t->fields, "people", 1),
        children = (int)tb_facts_number(&t->fields, "children", 0);
    if (children > 0) {
        snprintf(out->en, sizeof out->en, "Please go through together: %d, and %d %s.", people, children,
                 children == 1 ? "child" : "children");
        snprintf(out->ja, sizeof out->ja, "%d名様と、お子様%d名様、ご一緒にお通りください。", people, children);
    } else if (people > 1) {
        snprintf(out->en, sizeof out->en, "Please go through together, %d of you.", people);
        snprintf(out->ja, sizeof out->ja, "%d名様、ご一緒にお通りください。", people);
    }
}

/* `text` with the title where it says %s. */
static void fill_title(char out[TB_SCREEN_TEXT], const char *text, const char *title)
{
    const char *place = strstr(text, "%s");
    snprintf(out, TB_SCREEN_TEXT, "%.*s%s%s", (int)(place - text), text, title, place + 2);
}

static void say_with_title(tb_screen *out, struct sentence text, const tb_profile *profile)
{
    fill_title(out->en, text.en, tb_profile_reference_title(profile, "en"));
    fill_title(out->ja, text.ja, tb_profile_reference_title(profile, "ja"));
}

static void say_without_face(tb_screen *out, const tb_role_view *role, const tb_profile *profile)
{
    static const struct sentence by_reference = {
        "Thank you. Nothing of your face was kept. Please show your %s on your way.",
        "承りました。お顔のデータは一切保存していません。今後は%sをご提示ください。"};
    if (role->by_reference)
        say_with_title(out, by_reference, profile);
    else
        say(out,
            "You are checked in. Please show your passport and boarding pass on your way; nothing of your face was kept.",
            "チェックインが完了しました。お顔のデータは一切保存していません。パスポートと搭乗券をお見せになってお進みください。");
}

static void say_welcome(tb_screen *out, const tb_role_view *role)
{
    if (role->welcome_en && role->welcome_en[0])
        say(out, role->welcome_en, role->welcome_ja);
    else
        say(out, welcome[role->kind].en, welcome[role->kind].ja);
}

static void decided(const tb_machine *m, const tb_profile *profile, int offset, tb_screen *out)
{
    const tb_transaction *t = &m->now_serving;
    switch (t->outcome) {
    case TB_OUTCOME_ADMITTED:
        out->tone = TB_TONE_OK;
        say_welcome(out, &m->options.role);
        if (m->options.role.group != TB_GROUP_ALONE)
            say_party(out, t);
        break;
    case TB_OUTCOME_WITHOUT_FACE:
        out->tone = TB_TONE_OK;
        say_without_face(out, &m->options.role, profile);
        break;
    case TB_OUTCOME_REFUSED:
    case TB_OUTCOME_UNKNOWN:
        out->tone = TB_TONE_REFUSE;
        say_reason(out, t, profile, offset);
        break;
    case TB_OUTCOME_NOT_SURE:
        out->tone = TB_TONE_ASK;
        say_reason(out, t, profile, offset);
        break;
    case TB_OUTCOME_RETRY:
    case TB_OUTCOME_FAILED:
        out->tone = TB_TONE_RETRY;
        say_reason(out, t, profile, offset);
        break;
    case TB_OUTCOME_NONE:
        break;
    }
    snprintf(out->sound, sizeof out->sound, "%s",
             out->tone == TB_TONE_OK       ? "ok"
             : out->tone == TB_TONE_REFUSE ? "refuse"
                                           : "");
}

static void asking(const tb_machine *m, const tb_profile *profile, tb_screen *out)
{
    const tb_transaction *t = &m->now_serving;
    out->tone = TB_TONE_ASK;
    if (t->guidance != TB_OK) {
        out->tone = TB_TONE_RETRY;
        tb_screen_status(t->guidance, out);
    } else if (t->ask == TB_ASK_CONSENT) {
        say(out, tb_profile_consent_text(profile, "en"), tb_profile_consent_text(profile, "ja"));
    } else if (t->ask == TB_ASK_PIN && t->failure == TB_PIN_WRONG) {
        out->tone = TB_TONE_RETRY;
        say(out, "The PIN is wrong. Please enter it again.", "暗証番号が違います。もう一度入力してください。");
    } else if (t->ask == TB_ASK_REFERENCE) {
        say_with_title(out, reference_prompts[0], profile);
    } else if (t->ask != TB_ASK_NONE) {
        say(out, prompts[t->ask].en, prompts[t->ask].ja);
    } else {
        out->tone = TB_TONE_NEUTRAL;
        say(out, "One moment, please.", "少々お待ちください。");
    }
}

static void looking(const tb_machine *m, tb_screen *out)
{
    const tb_transaction *t = &m->now_serving;
    if (t->guidance != TB_OK) {
        out->tone = TB_TONE_RETRY;
        tb_screen_status(t->guidance, out);
    } else if (t->ask == TB_ASK_CHALLENGE) {
        out->tone = TB_TONE_ASK;
        say(out, challenges[t->challenge].en, challenges[t->challenge].ja);
    } else if (m->options.role.kind == TB_KIND_POS || m->options.role.kind == TB_KIND_CHECKIN ||
               m->phase == TB_PHASE_PRESENT || t->reference) {
        out->tone = TB_TONE_ASK;
        say(out, prompts[TB_ASK_FACE].en, prompts[TB_ASK_FACE].ja);
    } else {
        say(out, "One moment, please.", "少々お待ちください。");
    }
}

/* A sign: what is for everybody, or what is for whoever stands before it (S1). */
static void sign(const tb_machine *m, const tb_profile *profile, int offset, tb_screen *out)
{
    const tb_transaction *t = &m->now_serving;
    int known = (m->phase == TB_PHASE_DECIDED || m->phase == TB_PHASE_REPORTING) && t->outcome == TB_OUTCOME_ADMITTED;
    const char *sentence = known ? m->options.role.sign_person : m->options.role.sign_others;
    out->ask = TB_ASK_NONE; /* it looks; nobody has to do anything */
    out->tone = known ? TB_TONE_OK : TB_TONE_NEUTRAL;
    (void)say_in(profile, sentence, "en", &t->fields, offset, out->en);
    (void)say_in(profile, sentence, "ja", &t->fields, offset, out->ja);
    snprintf(out->language, sizeof out->language, "%s", known ? tb_facts_text(&t->fields, "language") : "");
    if (strcmp(out->language, "ja") != 0 && strcmp(out->language, "en") != 0)
        out->language[0] = '\0';
}

static const struct sentence camera = {
    "A camera here tells our staff when guests who have agreed to it arrive. Nothing is kept of anybody else.",
    "このカメラは、同意いただいたお客様のご到着を係の者にお知らせします。ほかの方の情報は一切保存しません。"};

void tb_screen_of(const tb_machine *m, const tb_profile *profile, int utc_offset_minutes, tb_screen *out)
{
    memset(out, 0, sizeof *out);
    out->ask = tb_machine_ask(m);
    if (m->options.role.kind == TB_KIND_SIGN) {
        sign(m, profile, utc_offset_minutes, out);
        return;
    }
    if (m->options.role.kind == TB_KIND_PRESENCE) {
        say(out, camera.en, camera.ja);
        return;
    }
    switch (m->phase) {
    case TB_PHASE_IDLE:
        if (out->ask == TB_ASK_FACE && m->zone.inside > 1 && m->options.role.group == TB_GROUP_ALONE) {
            out->tone = TB_TONE_RETRY;
            tb_screen_status(TB_RETRY_SEVERAL_FACES, out);
        } else if (out->ask == TB_ASK_REFERENCE) {
            say_with_title(out, reference_prompts[0], profile);
        } else if (out->ask == TB_ASK_FACE && m->options.role.reference == TB_REFERENCE_ALWAYS) {
            say_with_title(out, reference_prompts[1], profile);
        } else {
            say(out, prompts[out->ask].en, prompts[out->ask].ja);
        }
        break;
    case TB_PHASE_PRESENT:
    case TB_PHASE_CAPTURING:
    case TB_PHASE_MATCHING:
        looking(m, out);
        break;
    case TB_PHASE_ASKING:
        asking(m, profile, out);
        break;
    default:
        decided(m, profile, utc_offset_minutes, out);
        if (m->phase == TB_PHASE_REPORTING && !m->now_serving.recorded && m->now_serving.failure != TB_OK) {
            out->tone = TB_TONE_RETRY; /* it is not written yet: staff, not the person, can mend that */
            tb_screen_status(m->now_serving.failure, out);
        } else if (m->phase == TB_PHASE_ACTUATING && m->options.role.kind == TB_KIND_PICKUP &&
                   m->now_serving.failure != TB_OK) {
            out->tone = TB_TONE_RETRY;
            tb_screen_status(m->now_serving.failure, out);
        }
    }
}

const char *tb_tone_name(tb_tone tone)
{
    static const char *const names[] = {"neutral", "ok", "retry", "refuse", "ask"};
    return names[tone];
}
