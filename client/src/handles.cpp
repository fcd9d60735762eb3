#include "client/src/handles.h"

#include <pthread.h>

#include <atomic>
#include <map>
#include <mutex>
#include <utility>

namespace chancery::client {
namespace {

struct Table {
  std::mutex mutex;
  std::map<std::uintptr_t, std::shared_ptr<Session>> sessions;
};

std::atomic<std::uintptr_t> next_handle{1};
std::uintptr_t first_handle = 1;  // Of this process. Written with one thread only.
Table* current_table = nullptr;   // Never destroyed: calls may come while the process exits.

void start_anew_in_child() {
  first_handle = next_handle.load();
  current_table = new Table;  // The old one's lock may be held by a thread that is not here.
}

Table& table() {
  static const bool prepared = [] {
    current_table = new Table;
    return ::pthread_atfork(nullptr, nullptr, &start_anew_in_child) == 0;
  }();
  static_cast<void>(prepared);
  return *current_table;
}

std::uintptr_t number_of(const chancery_client* handle) {
  return reinterpret_cast<std::uintptr_t>(handle);
}

}  // namespace

chancery_client* add_handle(std::shared_ptr<Session> session) {
  Table& handles = table();
  const std::uintptr_t number = next_handle++;
  const std::scoped_lock lock(handles.mutex);
  handles.sessions.emplace(number, std::move(session));
  return reinterpret_cast<chancery_client*>(number);  // NOLINT(performance-no-int-to-ptr)
}

Result<std::shared_ptr<Session>> session_of(const chancery_client* handle) {
  Table& handles = table();
  const std::uintptr_t number = number_of(handle);
  if (number == 0 || number >= next_handle) {
    return fail(ErrorCode::kBadArgument, "client is no handle that chancery_open() gave");
  }
  if (number < first_handle) {
    return fail(ErrorCode::kAfterFork, "");
  }
  const std::scoped_lock lock(handles.mutex);
  const auto found = handles.sessions.find(number);
  if (found == handles.sessions.end()) {
    return fail(ErrorCode::kClientClosed, "");
  }
  return found->second;
}

std::shared_ptr<Session> remove_handle(const chancery_client* handle) {
  Table& handles = table();
  const std::scoped_lock lock(handles.mutex);
  auto node = handles.sessions.extract(number_of(handle));
  return node.empty() ? nullptr : std::move(node.mapped());
}

}  // namespace chancery::client
