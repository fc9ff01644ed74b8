/* broker_config.h: `teburad broker-config`: what an operator's own broker, or three of them, has to be told. */
#ifndef TEBURA_TEBURAD_BROKER_CONFIG_H
#define TEBURA_TEBURAD_BROKER_CONFIG_H

/* argv[0] is "broker-config". As sysexits.h. */
int teburad_broker_config(int argc, char **argv);

#endif
