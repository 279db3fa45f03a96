/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.cc - C++ functions with and without linkage names in the debug information.
 */
extern "C" int object_sink;
int object_sink;

#define PLACE(name) __asm__ volatile(".globl " name "\n" name ": nop")

namespace
{
struct Hidden {
	int value;

	__attribute__((noinline)) ~Hidden()
	{
		object_sink += value;
		PLACE("place_destructor");
	}

	inline __attribute__((always_inline)) void inlined_member()
	{
		object_sink += value;
		PLACE("place_inlined_member");
	}
};
} // namespace

namespace outer_space
{
template <class T> struct Box {
	T content;
	T doubled();
};

template <class T> __attribute__((noinline)) T Box<T>::doubled()
{
	PLACE("place_template");
	return content + content;
}

template struct Box<long>;
} // namespace outer_space

template <class F> __attribute__((noinline)) int call(F function)
{
	return function(object_sink);
}

int object_caller(int value)
{
	Hidden hidden{value};
	auto closure = [value](int more) __attribute__((noinline)) {
		PLACE("place_lambda");
		return more + value;
	};

	hidden.inlined_member();
	return call(closure);
}
