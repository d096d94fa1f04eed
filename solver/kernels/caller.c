/* Kernel: a callable that passes NumPy arrays and numbers to machine code that Numba made, without Numba.

   A form is one way to call the kernel: `spec` says what the arguments must be, `entry` takes them as 8-byte words.
   In a spec: i, d, b an int, float, bool; a and four letters an array (its dtype's character, number of dimensions, memory order
   C, F or A, w where it is writable, else r); ( ... ) a tuple of the next of `types`. An array is the words that Numba's arrays are made of:
   no owner, no parent, size, size of an item, address, shape, strides. Whatever is not exactly so is the business of `miss`.
   A result is written likewise: an array as a, its dtype's character and number of dimensions, a tuple as ( and how many parts follow. */
#define PY_SSIZE_T_CLEAN
#define NPY_NO_DEPRECATED_API NPY_1_22_API_VERSION
#include <Python.h>
#include <numpy/arrayobject.h>
#include <numpy/arrayscalars.h>
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WORDS 1024 /* of the arguments of one call */
#define RESULTS 256

typedef int32_t (*Entry)(const int64_t *given, int64_t *found);

typedef struct {
  Entry entry;
  const char *spec, *result; /* of the bytes object and of the library */
  PyObject *bytes, *types;
} Form;

typedef struct {
  PyObject_HEAD
  vectorcallfunc vectorcall;
  PyObject *miss, *failed;
  Py_ssize_t count;
  Form *forms;
} Kernel;

/* Write the words of one argument; 0 where it is not what the spec says. */
static int fill(PyObject *value, const char **spec, PyObject *types, Py_ssize_t *type, int64_t **word, const int64_t *end) {
  switch (*(*spec)++) {
    case 'a': {
      if (!PyArray_CheckExact(value)) return 0;
      PyArrayObject *array = (PyArrayObject *)value;
      const char *wanted = *spec;
      int ndim = PyArray_NDIM(array), flags = PyArray_FLAGS(array);
      char order = flags & NPY_ARRAY_C_CONTIGUOUS ? 'C' : flags & NPY_ARRAY_F_CONTIGUOUS ? 'F' : 'A';
      *spec += 4;
      if (PyArray_DESCR(array)->type != wanted[0] || ndim != wanted[1] - '0' || order != wanted[2]) return 0;
      if ((flags & NPY_ARRAY_WRITEABLE ? 'w' : 'r') != wanted[3] || !(flags & NPY_ARRAY_ALIGNED)) return 0;
      if (PyArray_ISBYTESWAPPED(array) || *word + 5 + 2 * ndim > end) return 0;
      int64_t *to = *word;
      *to++ = 0;
      *to++ = 0;
      *to++ = PyArray_SIZE(array);
      *to++ = PyArray_ITEMSIZE(array);
      *to++ = (int64_t)(intptr_t)PyArray_DATA(array);
      for (int axis = 0; axis < ndim; axis++) *to++ = PyArray_DIM(array, axis);
      for (int axis = 0; axis < ndim; axis++) *to++ = PyArray_STRIDE(array, axis);
      *word = to;
      return 1;
    }
    case 'd': {
      double number;
      if (PyFloat_CheckExact(value)) number = PyFloat_AS_DOUBLE(value);
      else if (PyArray_IsScalar(value, Double)) number = PyArrayScalar_VAL(value, Double);
      else return 0;
      if (*word >= end) return 0;
      memcpy((*word)++, &number, sizeof number);
      return 1;
    }
    case 'i': {
      long long number;
      if (PyLong_CheckExact(value)) {
        int overflow;
        number = PyLong_AsLongLongAndOverflow(value, &overflow);
        if (overflow) return 0;
      } else if (PyArray_IsScalar(value, Long)) number = PyArrayScalar_VAL(value, Long);
      else return 0;
      if (*word >= end) return 0;
      *(*word)++ = number;
      return 1;
    }
    case 'b':
      if (*word >= end) return 0;
      if (PyBool_Check(value)) *(*word)++ = value == Py_True;
      else if (PyArray_IsScalar(value, Bool)) *(*word)++ = PyArrayScalar_VAL(value, Bool) != 0;
      else return 0;
      return 1;
    case '(': {
      if (*type >= PyTuple_GET_SIZE(types)) return 0;
      if ((PyObject *)Py_TYPE(value) != PyTuple_GET_ITEM(types, *type)) return 0;
      ++*type;
      Py_ssize_t size = PyTuple_GET_SIZE(value);
      for (Py_ssize_t i = 0; i < size; i++)
        if (**spec == ')' || !fill(PyTuple_GET_ITEM(value, i), spec, types, type, word, end)) return 0;
      return *(*spec)++ == ')';
    }
  }
  return 0;
}

/* The last array on memory of memory.c frees it, which is behind the count in one piece. */
static void drop(PyObject *owner) {
  size_t *count = PyCapsule_GetPointer(owner, NULL);
  if (count && --*count == 0) free(count);
}

/* An array that a kernel made, or a copy where the memory is not the kernel's. */
static PyObject *array(char kind, int ndim, const int64_t *word) {
  npy_intp shape[NPY_MAXDIMS], strides[NPY_MAXDIMS];
  for (int axis = 0; axis < ndim; axis++) {
    shape[axis] = word[5 + axis];
    strides[axis] = word[5 + ndim + axis];
  }
  PyArray_Descr *dtype = PyArray_DescrFromType(kind);
  if (!dtype) return NULL;
  void *data = (void *)(intptr_t)word[4], *memory = (void *)(intptr_t)word[0];
  PyObject *made = PyArray_NewFromDescr(&PyArray_Type, dtype, ndim, shape, strides, data, NPY_ARRAY_WRITEABLE, NULL);
  if (!memory) {
    PyObject *copy = made ? PyArray_NewCopy((PyArrayObject *)made, NPY_KEEPORDER) : NULL;
    Py_XDECREF(made);
    return copy;
  }
  PyObject *owner = made ? PyCapsule_New(memory, NULL, drop) : NULL;
  if (owner) PyArray_UpdateFlags((PyArrayObject *)made, NPY_ARRAY_UPDATE_ALL);
  if (!owner || PyArray_SetBaseObject((PyArrayObject *)made, owner) < 0) Py_CLEAR(made);
  return made;
}

static PyObject *result(const char **spec, const int64_t **word) {
  switch (*(*spec)++) {
    case 'n': Py_RETURN_NONE;
    case 'i': return PyLong_FromLongLong(*(*word)++);
    case 'b': return PyBool_FromLong(*(*word)++ != 0);
    case 'd': {
      double number;
      memcpy(&number, (*word)++, sizeof number);
      return PyFloat_FromDouble(number);
    }
    case 'a': {
      char kind = *(*spec)++;
      int ndim = *(*spec)++ - '0';
      PyObject *made = array(kind, ndim, *word);
      *word += 5 + 2 * ndim;
      return made;
    }
    case '(': {
      Py_ssize_t size = *(*spec)++ - '0';
      PyObject *tuple = PyTuple_New(size);
      for (Py_ssize_t i = 0; tuple && i < size; i++) {
        PyObject *value = result(spec, word);
        if (!value) Py_CLEAR(tuple);
        else PyTuple_SET_ITEM(tuple, i, value);
      }
      return tuple;
    }
  }
  PyErr_SetString(PyExc_SystemError, "unknown result of a kernel");
  return NULL;
}

static PyObject *call(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names) {
  Kernel *kernel = (Kernel *)self;
  Py_ssize_t given = PyVectorcall_NARGS(nargsf);
  if (!names)
    for (Py_ssize_t k = 0; k < kernel->count; k++) {
      Form form = kernel->forms[k];
      int64_t in[WORDS], out[RESULTS], *word = in;
      const char *spec = form.spec;
      Py_ssize_t i = 0, type = 0;
      while (i < given && *spec && fill(args[i], &spec, form.types, &type, &word, in + WORDS)) i++;
      if (i < given || *spec) continue;
      int32_t status = form.entry(in, out);
      if (status == 0 || status == -2) { /* -2: it returned None */
        const int64_t *found = out + 1;
        const char *kind = form.result;
        return result(&kind, &found);
      }
      return PyObject_CallFunction(kernel->failed, "iL", (int)status, (long long)out[0]);
    }
  return PyObject_Vectorcall(kernel->miss, args, nargsf, names);
}

static int init(PyObject *self, PyObject *args, PyObject *kwargs) {
  Kernel *kernel = (Kernel *)self;
  PyObject *miss, *failed;
  if (!PyArg_ParseTuple(args, "OO", &miss, &failed)) return -1;
  Py_XSETREF(kernel->miss, Py_NewRef(miss));
  Py_XSETREF(kernel->failed, Py_NewRef(failed));
  kernel->vectorcall = call;
  return 0;
}

/* add_form(spec, types, path): whether the library there has machine code for these arguments. It stays loaded. */
static PyObject *add_form(PyObject *self, PyObject *args) {
  Kernel *kernel = (Kernel *)self;
  PyObject *spec, *types;
  const char *path;
  if (!PyArg_ParseTuple(args, "SO!s", &spec, &PyTuple_Type, &types, &path)) return NULL;
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) Py_RETURN_FALSE;
  Form form = {0};
  *(void **)&form.entry = dlsym(library, "invasio_entry");
  form.result = dlsym(library, "invasio_result");
  const char *made_for = dlsym(library, "invasio_spec");
  if (!form.entry || !form.result || !made_for || strcmp(made_for, PyBytes_AS_STRING(spec))) Py_RETURN_FALSE;
  form.bytes = Py_NewRef(spec);
  form.spec = PyBytes_AS_STRING(spec);
  form.types = Py_NewRef(types);
  Form *forms = PyMem_Realloc(kernel->forms, (kernel->count + 1) * sizeof(Form));
  if (!forms) return PyErr_NoMemory();
  forms[kernel->count++] = form;
  kernel->forms = forms;
  Py_RETURN_TRUE;
}

/* call_else(miss): what is called with arguments that are of no form. */
static PyObject *call_else(PyObject *self, PyObject *miss) {
  Py_XSETREF(((Kernel *)self)->miss, Py_NewRef(miss));
  Py_RETURN_NONE;
}

static void dealloc(PyObject *self) {
  Kernel *kernel = (Kernel *)self;
  for (Py_ssize_t k = 0; k < kernel->count; k++) {
    Py_DECREF(kernel->forms[k].bytes);
    Py_DECREF(kernel->forms[k].types);
  }
  PyMem_Free(kernel->forms);
  Py_CLEAR(kernel->miss);
  Py_CLEAR(kernel->failed);
  Py_TYPE(self)->tp_free(self);
}

static PyMethodDef methods[] = {
    {"add_form", add_form, METH_VARARGS, "add_form(spec, types, path): whether the library there takes these arguments."},
    {"call_else", call_else, METH_O, "call_else(miss): what is called with arguments that are of no form."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "caller.Kernel",
    .tp_basicsize = sizeof(Kernel),
    .tp_dealloc = dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_vectorcall_offset = offsetof(Kernel, vectorcall),
    .tp_call = PyVectorcall_Call,
    .tp_methods = methods,
    .tp_init = init,
    .tp_new = PyType_GenericNew,
    .tp_doc = "Kernel(miss, failed)",
};

static PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "caller", .m_size = -1};

PyMODINIT_FUNC PyInit_caller(void) {
  import_array();
  if (PyType_Ready(&type) < 0) return NULL;
  PyObject *module = PyModule_Create(&definition);
  if (module && PyModule_AddObjectRef(module, "Kernel", (PyObject *)&type) < 0) Py_CLEAR(module);
  return module;
}
