/* device.c: is there a camera behind a V4L2 device, or a program (v4l2loopback, vivid)? Linux tells in sysfs: a device
 * without hardware lies below devices/virtual/ or is vivid's. Where sysfs is not there nothing is known. */
#include "camera/kind.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int camera_device_is_program(const char *classes, const char *device)
{
    char path[PATH_MAX + 256], *node = realpath(device, NULL); /* /dev/v4l/by-id/... are links */
    if (!node)
        return 0;
    const char *slash = strrchr(node, '/');
    int fits = snprintf(path, sizeof path, "%s/%s", classes, slash ? slash + 1 : node) < (int)sizeof path;
    free(node);
    char *place = fits ? realpath(path, NULL) : NULL;
    int is_program = place && (strstr(place, "/devices/virtual/") || strstr(place, "/vivid."));
    free(place);
    return is_program;
}
