/* What the work arrays inside kernels need of Numba's run-time: memory that is counted, where only the kernel itself holds it. */
#include <stdint.h>
#include <stdlib.h>

typedef struct { /* as in numba/core/runtime/nrtdynmod.py */
  size_t count;
  void *destroy, *information, *data;
  size_t size;
  void *allocator;
} Counted;

void *NRT_MemInfo_alloc_aligned(size_t size, unsigned align) {
  Counted *memory = malloc(sizeof(Counted) + size + align);
  if (!memory) return NULL;
  uintptr_t data = (uintptr_t)(memory + 1);
  if (align) data += (align - data % align) % align;
  *memory = (Counted){.count = 1, .data = (void *)data, .size = size};
  return memory;
}

void NRT_MemInfo_call_dtor(void *memory) { free(memory); }
