/* What compiled kernels call of Numba's run-time: memory with a count of who holds it. The last to hold it calls NRT_MemInfo_call_dtor. */
#include <stdint.h>
#include <stdlib.h>

typedef void (*Destroy)(void *data, size_t size, void *information);

typedef struct { /* as in numba/core/runtime/nrtdynmod.py */
  size_t count;
  Destroy destroy;
  void *information, *data;
  size_t size;
  void *allocator;
} Counted;

void *NRT_Allocate(size_t size) { return malloc(size); }
void NRT_Free(void *memory) { free(memory); }

void *NRT_MemInfo_alloc_aligned(size_t size, unsigned align) {
  Counted *memory = malloc(sizeof(Counted) + size + align);
  if (!memory) return NULL;
  uintptr_t data = (uintptr_t)(memory + 1);
  if (align) data += (align - data % align) % align;
  *memory = (Counted){.count = 1, .data = (void *)data, .size = size};
  return memory;
}

void *NRT_MemInfo_alloc(size_t size) { return NRT_MemInfo_alloc_aligned(size, 0); }

/* Lists, whose memory grows: apart from its count. */
static void destroy_apart(void *data, size_t size, void *information) {
  if (information) ((Destroy)information)(data, size, NULL);
  free(data);
}

void *NRT_MemInfo_new_varsize_dtor(size_t size, void *destroy) {
  Counted *memory = malloc(sizeof(Counted));
  void *data = memory ? malloc(size) : NULL;
  if (data) *memory = (Counted){.count = 1, .destroy = destroy_apart, .information = destroy, .data = data, .size = size};
  else free(memory);
  return data ? memory : NULL;
}

void *NRT_MemInfo_varsize_realloc(Counted *memory, size_t size) {
  void *data = realloc(memory->data, size);
  if (data) memory->data = data, memory->size = size;
  return data;
}

void NRT_MemInfo_call_dtor(Counted *memory) {
  if (memory->destroy) memory->destroy(memory->data, memory->size, memory->information);
  free(memory);
}
