#pragma once
#include <fcgiapp.h>
/* Both are missing from Swift's Glibc module: mallopt, since every answer's memory comes from malloc, and epoll. */
#include <malloc.h>
#include <sys/epoll.h>
