#pragma once

#include "polyrpc/core/codec.hpp"

#include <memory>

/// A wire of our own, for people at a terminal: a call is a line, `> Calc.Add 2 3`, and so is its answer, `OK 5` or
/// `ERROR not_found: ...`. Arguments are words: the fields of a struct in their order, or a single number or text.
std::shared_ptr<const polyrpc::Codec> line_codec();
