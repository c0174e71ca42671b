// Shows that a case is told from the file around it.

#ifdef MACHINERY_STATIC_ASSERT
static_assert(sizeof(char) == 2, "the machinery works");
#endif

#ifdef MACHINERY_UNDECLARED
int value = undeclared_name;
#endif
