#include "CZMQ.h"

#include <errno.h>

int coppice_zmq_is_unreachable(int error) { return error == EHOSTUNREACH; }

int coppice_zmq_would_block(int error) { return error == EAGAIN; }
