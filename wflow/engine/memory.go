//go:build cgo && linux && amd64

package engine

// XLA allocates what a call of a graph needs in one piece, and frees it afterwards. By default the C library hands a large
// piece back to the system, which fills it with zeros, page by page, before the next call: a fifth of the time of a training
// step. The constructor has the C library keep what is freed. It runs before main, since threads that are there already have
// pools of memory of their own, which are limited. An environment that says how memory is to be managed has its way.

/*
#include <malloc.h>
#include <stdlib.h>

__attribute__((constructor)) static void keepMemory(void) {
#ifdef __GLIBC__
	if (getenv("MALLOC_MMAP_THRESHOLD_") || getenv("MALLOC_MMAP_MAX_") || getenv("GLIBC_TUNABLES"))
		return;
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, -1);
#endif
}
*/
import "C"
