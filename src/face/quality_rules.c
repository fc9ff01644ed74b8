/* quality_rules.c: the table of measures: what is good, what is refused, and at which purpose. How the limits were
 * found: doc/adr/084-quality-table.md. */
#include <tebura/quality.h>

#include <assert.h>
#include <math.h>

#define NEVER NAN
#define NO_SIDE                                                                                                        \
    {                                                                                                                  \
        NAN, NAN, {NAN, NAN, NAN}, TB_OK                                                                               \
    }

static const tb_quality_rule rules[TB_QUALITY_COMPONENTS] = {
    /* name, standard, unit, too little, too much: {worst, best, {identification, enrolment, guidance}, status},
     * weight */
    [TB_QUALITY_FACE_IN_PICTURE] = {"face_in_picture",
                                    "crop of the face image",
                                    "",
                                    {0.4f, 1, {0.5f, 0.7f, 0.7f}, TB_RETRY_FACE_AT_BORDER},
                                    NO_SIDE,
                                    0},
    [TB_QUALITY_EYE_DISTANCE] =
        {"eye_distance", "inter-eye distance", "px", {12, 60, {20, 30, 30}, TB_RETRY_TOO_FAR}, NO_SIDE, 1},
    [TB_QUALITY_HEAD_SIZE] =
        {"head_size", "head size", "of the width", NO_SIDE, {0.7f, 0.4f, {0.6f, 0.6f, 0.6f}, TB_RETRY_TOO_CLOSE}, 0},
    [TB_QUALITY_BRIGHTNESS] = {"brightness",
                               "luminance mean",
                               "of 255",
                               {25, 80, {30, 30, 30}, TB_RETRY_TOO_DARK},
                               {235, 180, {225, 225, 225}, TB_RETRY_TOO_BRIGHT},
                               0.5f},
    [TB_QUALITY_UNDER_EXPOSURE] = {"under_exposure",
                                   "under-exposure prevention",
                                   "share",
                                   NO_SIDE,
                                   {0.7f, 0.1f, {0.6f, 0.4f, 0.4f}, TB_RETRY_TOO_DARK},
                                   0.25f},
    [TB_QUALITY_OVER_EXPOSURE] = {"over_exposure",
                                  "over-exposure prevention",
                                  "share",
                                  NO_SIDE,
                                  {0.5f, 0.05f, {0.4f, 0.2f, 0.2f}, TB_RETRY_TOO_BRIGHT},
                                  0.25f},
    [TB_QUALITY_EVENNESS] = {"evenness",
                             "illumination uniformity",
                             "ratio",
                             {0.2f, 0.8f, {NEVER, 0.4f, 0.4f}, TB_RETRY_UNEVEN_LIGHT},
                             NO_SIDE,
                             0.25f},
    [TB_QUALITY_EYES_VISIBLE] = {"eyes_visible",
                                 "eyes visible",
                                 "share",
                                 {0.1f, 0.6f, {NEVER, 0.3f, 0.3f}, TB_RETRY_EYES_COVERED},
                                 NO_SIDE,
                                 0.25f},
    [TB_QUALITY_MOUTH_VISIBLE] = {"mouth_visible",
                                  "mouth occlusion prevention",
                                  "share",
                                  {0.1f, 0.6f, {NEVER, 0.3f, 0.3f}, TB_RETRY_FACE_COVERED},
                                  NO_SIDE,
                                  0.25f},
    [TB_QUALITY_CONTRAST] =
        {"contrast", "luminance variance", "of 255", {8, 35, {NEVER, 6, 6}, TB_RETRY_FLAT_LIGHT}, NO_SIDE, 1},
    [TB_QUALITY_DYNAMIC_RANGE] =
        {"dynamic_range", "dynamic range", "bits", {4, 7, {NEVER, 4.2f, 4.2f}, TB_RETRY_FLAT_LIGHT}, NO_SIDE, 0},
    [TB_QUALITY_SHARPNESS] =
        {"sharpness", "sharpness", "log", {-3, -0.5f, {-1.875f, -1.875f, -1.875f}, TB_RETRY_BLURRED}, NO_SIDE, 1},
    [TB_QUALITY_YAW] =
        {"yaw", "head pose angle yaw", "degrees", NO_SIDE, {90, 5, {38, 25, 25}, TB_RETRY_TURNED_AWAY}, 0.5f},
    [TB_QUALITY_PITCH] =
        {"pitch", "head pose angle pitch", "degrees", NO_SIDE, {90, 5, {40, 25, 25}, TB_RETRY_TURNED_AWAY}, 0.5f},
    [TB_QUALITY_ROLL] =
        {"roll", "head pose angle roll", "degrees", NO_SIDE, {90, 10, {50, 25, 25}, TB_RETRY_HEAD_TILTED}, 0},
    [TB_QUALITY_EYES_OPEN] =
        {"eyes_open", "eyes open", "probability", {0, 0.9f, {NEVER, 0.4f, 0.4f}, TB_RETRY_EYES_CLOSED}, NO_SIDE, 0.25f},
    [TB_QUALITY_MOUTH_CLOSED] = {"mouth_open",
                                 "mouth closed",
                                 "ratio",
                                 NO_SIDE,
                                 {0.4f, 0.05f, {NEVER, 0.25f, 0.25f}, TB_RETRY_MOUTH_OPEN},
                                 0.25f},
    [TB_QUALITY_FOREHEAD_VISIBLE] = {"forehead_visible",
                                     "no head coverings",
                                     "share",
                                     {0, 0.6f, {NEVER, NEVER, 0.1f}, TB_RETRY_HEAD_COVERED},
                                     NO_SIDE,
                                     0},
    [TB_QUALITY_BACKGROUND] = {"background",
                               "background uniformity",
                               "of 255",
                               NO_SIDE,
                               {40, 2, {NEVER, NEVER, 20}, TB_RETRY_BUSY_BACKGROUND},
                               0},
    [TB_QUALITY_NATURAL_COLOUR] =
        {"colour", "natural colour", "of 255", {0, 10, {NEVER, NEVER, NEVER}, TB_OK}, NO_SIDE, 0},
};

const tb_quality_rule *tb_quality_rule_of(tb_quality_component component)
{
    assert(component < TB_QUALITY_COMPONENTS);
    return &rules[component];
}

tb_status tb_quality_judge(const tb_quality *quality, tb_quality_component component, tb_capture_purpose purpose)
{
    assert(purpose < TB_PURPOSES);
    const tb_quality_rule *rule = tb_quality_rule_of(component);
    float value = quality->native[component];
    if (value < rule->low.limit[purpose]) /* a NaN on either side is no finding */
        return rule->low.status;
    if (value > rule->high.limit[purpose])
        return rule->high.status;
    return TB_OK;
}

tb_status tb_quality_advice(const tb_quality *quality, tb_capture_purpose purpose)
{
    tb_status status = TB_OK;
    for (int i = 0; i < TB_QUALITY_COMPONENTS && status == TB_OK; i++)
        status = tb_quality_judge(quality, (tb_quality_component)i, purpose);
    return status;
}
