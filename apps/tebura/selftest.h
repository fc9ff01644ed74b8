/* selftest.h: the self-tests, each in its own file. argv[0] is the test's name; answers the exit code. */
#ifndef TEBURA_APP_SELFTEST_H
#define TEBURA_APP_SELFTEST_H

int selftest_pad(int argc, char **argv);

#endif
