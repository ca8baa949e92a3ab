/* SPDX-License-Identifier: MIT */
/* beep_frame_scan: the two halves of reading a frame.  For impl/codec/beep_frame*.c only. */
#ifndef CODEC_BEEP_FRAME_SCAN_H
#define CODEC_BEEP_FRAME_SCAN_H

#include "codec/beep_frame.h"

#define BEEP_TRAILER "END\r\n"
enum { BEEP_TRAILER_N = sizeof BEEP_TRAILER - 1 };

/* The header alone.  OK: all of f but payload and raw is filled; ERR_MORE, ERR_PEER and ERR_LIMIT as beep_frame_read. */
err beep_frame_head(slice in, size_t max_payload, struct beep_frame *f) MUST_CHECK;
/* What stands behind the header that f holds; in begins with the header.  Fills payload and raw. */
err beep_frame_body(slice in, struct beep_frame *f, size_t *used) MUST_CHECK;
/* Octets of the whole frame, by its header. */
size_t beep_frame_total(const struct beep_frame *f);
/* Makes code the first note, the reason why reading stopped, and returns e. */
err beep_frame_stop(struct beep_frame *f, enum beep_fault_code code, size_t at, err e);

#endif
