#pragma once
#include <fcgiapp.h>
/* mallopt, which Swift's Glibc module leaves out: every answer's memory comes from malloc. */
#include <malloc.h>
