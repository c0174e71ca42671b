#include "in.polyrpc_async.hpp"

// The header makes the messages known to every codec.
const polyrpc::Shape& point_shape();
const polyrpc::Shape& point_shape() { return polyrpc::shape_of<data::Point>(); }
