// What package libjpeg calls, compiled with libjpeg-turbo to libjpeg.wasm by build.sh. One instance decodes one file: an
// error ends it with a trap, and what was wrong lies in report.
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include "jpeglib.h"
#include "jerror.h"
#include "jversion.h"

#define EXPORT(name) __attribute__((export_name(#name)))

enum { CUT_OFF = -1, SCANS = -2 }; // codes beside those of jerror.h
enum { MOST_SCANS = 1000 };        // of a progressive file: each costs a pass over the picture

// Four bytes a number: package libjpeg reads them in this order.
static struct {
  int error, error_values[4];
  int damage, damage_values[4];
  int width, height, precision, arithmetic, components;
  int across[MAX_COMPONENTS], down[MAX_COMPONENTS]; // sampling factors
  int channels;                                     // of a line
} report;

#undef JERROR_H
#define JMESSAGE(code, text) text,
static const char *const messages[] = {
#include "jerror.h"
};

static struct jpeg_decompress_struct d;
static struct jpeg_error_mgr errors;
static struct jpeg_source_mgr source;
static struct jpeg_progress_mgr progress;
static JSAMPLE *line;

static _Noreturn void fail(int code) {
  report.error = code;
  memcpy(report.error_values, errors.msg_parm.i, sizeof report.error_values);
  __builtin_trap();
}

static void error_exit(j_common_ptr c) { fail(errors.msg_code); }

static void emit_message(j_common_ptr c, int level) {
  if (level >= 0 || report.damage)
    return; // the first is told
  switch (errors.msg_code) {
  case JWRN_ADOBE_XFORM:
  case JWRN_BOGUS_ICC:
  case JWRN_JFIF_MAJOR:
  case JWRN_NOT_SEQUENTIAL:
    return; // nothing is lost
  }
  report.damage = errors.msg_code;
  memcpy(report.damage_values, errors.msg_parm.i, sizeof report.damage_values);
}

static void output_message(j_common_ptr c) {}
static void reset(j_common_ptr c) {}

static void init_source(j_decompress_ptr c) {}
static void term_source(j_decompress_ptr c) {}
static boolean more(j_decompress_ptr c) { fail(CUT_OFF); }
static void skip(j_decompress_ptr c, long n) {
  if (n <= 0)
    return;
  if ((size_t)n > source.bytes_in_buffer)
    fail(CUT_OFF);
  source.next_input_byte += n;
  source.bytes_in_buffer -= n;
}

static void monitor(j_common_ptr c) {
  if (d.input_scan_number > MOST_SCANS)
    fail(SCANS);
}

EXPORT(allocate) void *allocate(size_t n) { return malloc(n); }
EXPORT(results) void *results(void) { return &report; }
EXPORT(message) const char *message(int code) {
  return code > 0 && code < JMSG_LASTMSGCODE ? messages[code] : "";
}

// header reads up to the first scan.
EXPORT(header) void header(const unsigned char *file, size_t n) {
  errors.error_exit = error_exit;
  errors.emit_message = emit_message;
  errors.output_message = output_message;
  errors.reset_error_mgr = reset;
  d.err = &errors;
  jpeg_create_decompress(&d);
  source = (struct jpeg_source_mgr){file, n, init_source, more, skip, jpeg_resync_to_restart, term_source};
  d.src = &source;
  progress.progress_monitor = monitor;
  d.progress = &progress;
  jpeg_read_header(&d, TRUE);
  report.width = d.image_width;
  report.height = d.image_height;
  report.precision = d.data_precision;
  report.arithmetic = d.arith_code;
  report.components = d.num_components;
  for (int i = 0; i < d.num_components; i++) {
    report.across[i] = d.comp_info[i].h_samp_factor;
    report.down[i] = d.comp_info[i].v_samp_factor;
  }
}

// start begins to decode 8-bit samples and returns where each line will lie: all pixels, or an eighth across and down,
// for which the same data are read.
EXPORT(start) void *start(int eighth) {
  if (d.data_precision != 8)
    ERREXIT1(&d, JERR_BAD_PRECISION, d.data_precision);
  if (eighth)
    d.scale_denom = 8;
  jpeg_start_decompress(&d);
  report.channels = d.output_components;
  line = malloc((size_t)d.output_width * d.output_components);
  if (!line)
    ERREXIT1(&d, JERR_OUT_OF_MEMORY, 0);
  return line;
}

// next decodes a line and returns 1, or 0 behind the last.
EXPORT(next) int next(void) {
  return d.output_scanline < d.output_height && jpeg_read_scanlines(&d, &line, 1);
}

// finish reads to the end of the picture's data.
EXPORT(finish) void finish(void) { jpeg_finish_decompress(&d); }
