// SPDX-License-Identifier: MIT
#include "process.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

Process::Process(const std::vector<std::string>& command) {
  int in[2], out[2];
  REQUIRE(pipe2(in, O_CLOEXEC) == 0);
  REQUIRE(pipe2(out, O_CLOEXEC) == 0);
  id_ = fork();
  REQUIRE(id_ >= 0);
  if (id_ == 0) {
    dup2(in[0], 0);
    dup2(out[1], 1);
    dup2(out[1], 2);
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  input_ = in[1];
  output_ = out[0];
}

Process::~Process() {
  close(input_);
  close(output_);
  if (!ended_) {
    kill(id_, SIGKILL);
    waitpid(id_, nullptr, 0);
  }
}

bool Process::read_some(std::string& text, Clock::time_point until) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
  pollfd wait{output_, POLLIN, 0};
  if (left <= 0 || poll(&wait, 1, static_cast<int>(left)) <= 0) return true;
  char buffer[4096];
  const ssize_t size = read(output_, buffer, sizeof(buffer));
  if (size <= 0) return false;
  text.append(buffer, static_cast<std::size_t>(size));
  return true;
}

void Process::write_text(const std::string& text) {
  CHECK(write(input_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

int Process::wait() {
  int status = 0;
  waitpid(id_, &status, 0);
  ended_ = true;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Ran run(const std::string& command) {
  Ran ran{-1, ""};
  FILE* const pipe = popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  char part[4096];
  while (const std::size_t got = fread(part, 1, sizeof part, pipe)) ran.output.append(part, got);
  const int status = pclose(pipe);
  if (WIFEXITED(status)) ran.status = WEXITSTATUS(status);
  return ran;
}

std::string output_of(const std::string& command) {
  const Ran ran = run(command);
  INFO(ran.output);
  REQUIRE(ran.status == 0);
  return ran.output;
}
