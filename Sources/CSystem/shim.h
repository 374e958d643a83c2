#pragma once
// Missing from Swift's Glibc module: mallopt.
#include <malloc.h>
