// SPDX-License-Identifier: MIT
// The smallest server: owns nothing, trusts nobody, answers every request at once.
#include <mica/echo.h>
#include <mica/server.h>

namespace {

struct EchoServer {
  using Interface = mica::Echo;
  mica::Result<mica::Word> handle(mica::Echo::add, mica::Client<>&, mica::Word a, mica::Word b) { return a + b; }
};

constinit EchoServer server;

}  // namespace

extern "C" int main();
int main() { mica::serve(server, "echo"); }
