/* port.h: a port on loopback for a program that a test starts. */
#ifndef TEBURA_TESTS_PORT_H
#define TEBURA_TESTS_PORT_H

/* Free when we ask, and below those that the system gives to outgoing connections: nobody gets it by chance before its
 * program has started, or while that is stopped for a moment. Should another test take it, the start fails loudly. */
int port_free(void);

#endif
