/* rotate_key.h: the command `teburad rotate-key`. */
#ifndef TEBURAD_ROTATE_KEY_H
#define TEBURAD_ROTATE_KEY_H

/* Runs the command; answers the exit code. */
int teburad_rotate_key(int argc, char **argv);

#endif
