// Follows the inbox with a durable cursor: each notice is handled at least once, also when this
// program is killed and started again.
//
//   example-follow client.toml
//
// Compiled as C++17, as an application may be.

#include <chancery/client.h>

#include <chrono>
#include <iostream>
#include <thread>

int main(int argc, char** argv) {
  namespace client = chancery::client;
  if (argc != 2) {
    std::cerr << "usage: example-follow CLIENT.TOML\n";
    return 64;
  }
  try {
    client::Client node(client::Options::from_file(argv[1]));
    client::InboxQuery query;
    query.wait = std::chrono::seconds(20);
    for (;;) {
      try {
        const client::Page page = node.read("example", query);
        for (const client::Notice& notice : page.notices) {
          // Texts of others are not shown here: a terminal obeys what is in them.
          std::cout << notice.arrival << " " << notice.origin << " " << notice.kind << " "
                    << notice.notice << "\n"
                    << std::flush;
        }
        node.ack("example", page);  // Only now is it done with.
      } catch (const client::Error& error) {
        if (!error.retryable()) {
          throw;
        }
        std::cerr << error.what() << "\n";
        std::this_thread::sleep_for(std::chrono::seconds(1));
      }
    }
  } catch (const client::Error& error) {
    std::cerr << error.what() << "\n" << error.remedy() << "\n";
    return 1;
  }
}
