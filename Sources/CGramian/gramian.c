#include "CGramian.h"
