/* scene.h: a scene with its photographs read, so that one frame after another can be taken of it. */
#ifndef TEBURA_CAMERA_SCENE_H
#define TEBURA_CAMERA_SCENE_H

#include <tebura/camera.h>

typedef struct scene_stage {
    tb_scene scene;     /* with every default filled in */
    tb_image people[4]; /* each person's region at the size it has in the frame */
    float enlarge[4];   /* what is still to be enlarged: 1 when the region was shrunk */
    tb_image wall;      /* behind them, the same in every frame */
} scene_stage;

/* Checks, reads the photographs, shrinks. On failure nothing is held. */
tb_status scene_prepare(const tb_scene *scene, scene_stage *out, tb_error *why) TB_MUST_CHECK;
void scene_clear(scene_stage *stage); /* wipes */
/* Frame `number`: a pure function of stage and number. */
tb_status scene_photograph(const scene_stage *stage, uint64_t number, tb_image *out) TB_MUST_CHECK;

#endif
