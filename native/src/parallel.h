// Running parts of a loop on several threads.
#pragma once

#include <cstddef>
#include <functional>

namespace nonlin {

// Calls part(0) … part(parts − 1), on up to `threads` threads, the caller's among them.
void run_parts(int parts, int threads, const std::function<void(int)>& part);

// Use the pool of an OpenMP runtime that the process has loaded, so that two pools do not
// compete for the processor. Returns whether `path` is loaded and has one.
bool share_pool(const char* path);

}  // namespace nonlin
