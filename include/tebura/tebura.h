/* tebura.h: everything, for programs that embed the library. */
#ifndef TEBURA_H
#define TEBURA_H

#include <tebura/bus.h>
#include <tebura/bytes.h>
#include <tebura/camera.h>
#include <tebura/clock.h>
#include <tebura/crypto.h>
#include <tebura/decision.h>
#include <tebura/document.h>
#include <tebura/evaluation.h>
#include <tebura/face.h>
#include <tebura/facts.h>
#include <tebura/gallery.h>
#include <tebura/http.h>
#include <tebura/image.h>
#include <tebura/log.h>
#include <tebura/management.h>
#include <tebura/message.h>
#include <tebura/payment.h>
#include <tebura/profile.h>
#include <tebura/secret.h>
#include <tebura/status.h>
#include <tebura/template.h>

#endif
