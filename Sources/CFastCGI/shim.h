#pragma once
#include <fcgiapp.h>
// Missing from Swift's Glibc module.
#include <sys/epoll.h>
