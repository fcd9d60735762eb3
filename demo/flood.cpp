// Publishes many routine notices as fast as the member's node takes them, for the demo.
//
//   demo-flood CLIENT.TOML COUNT
//
// Each is durable in the node's outbox when its call returns, so they are given by several threads:
// what comes together shares a commit. Compiled as C++17, as an application may be.

#include <chancery/client.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace client = chancery::client;

constexpr int kThreadCount = 32;

client::Draft draft_of(int number) {
  client::Draft draft;
  draft.kind = "contact";
  draft.status = client::Status::kTest;
  draft.precedence = client::Precedence::kRoutine;
  draft.to = {"members"};
  draft.subject = "Routine " + std::to_string(number);
  draft.language = "en";
  draft.content_json = R"({"counterpart": "A neighbouring state"})";
  return draft;
}

// How many are durable in the outbox; the others are told on stderr.
int publish(const std::string& config, int count) {
  client::Client node(client::Options::from_file(config));
  std::atomic<int> next{0};
  std::atomic<int> queued{0};
  std::vector<std::thread> threads;
  threads.reserve(kThreadCount);
  for (int i = 0; i < kThreadCount; ++i) {
    threads.emplace_back([&] {
      for (int number = next++; number < count; number = next++) {
        try {
          static_cast<void>(node.publish(draft_of(number)));
          ++queued;
        } catch (const client::Error& error) {
          std::cerr << error.what() << "\n";
        }
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  return queued;
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc == 3 ? std::atoi(argv[2]) : 0;
  if (count <= 0) {
    std::cerr << "usage: demo-flood CLIENT.TOML COUNT\n";
    return 64;
  }
  try {
    const int queued = publish(argv[1], count);
    std::cout << queued << "\n";
    return queued == count ? 0 : 1;
  } catch (const client::Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
