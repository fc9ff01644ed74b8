/* similarity.c: the turn, scale and shift that takes points to points. */
#include <tebura/image.h>

tb_status tb_similarity_fit(const tb_point *from, const tb_point *to, int n, tb_similarity *out)
{
    *out = (tb_similarity){.a = 1};
    if (n < 2)
        return TB_INVALID_ARGUMENT;
    double fx = 0, fy = 0, gx = 0, gy = 0, spread = 0, along = 0, across = 0;
    for (int i = 0; i < n; i++) {
        fx += from[i].x / n;
        fy += from[i].y / n;
        gx += to[i].x / n;
        gy += to[i].y / n;
    }
    for (int i = 0; i < n; i++) {
        double x = from[i].x - fx, y = from[i].y - fy, u = to[i].x - gx, v = to[i].y - gy;
        spread += x * x + y * y;
        along += x * u + y * v;
        across += x * v - y * u;
    }
    /* Negated, so that a NaN anywhere ends here too. */
    if (!(spread > 1e-9 && along * along + across * across > 1e-18))
        return TB_INVALID_ARGUMENT;
    double a = along / spread, b = across / spread;
    *out = (tb_similarity){(float)a, (float)b, (float)(gx - a * fx + b * fy), (float)(gy - b * fx - a * fy)};
    return TB_OK;
}
