// It has the tag and not the function.
#include "kd/abi.h"

KD_ABI_TAG("no_entry", "0.1.0")
