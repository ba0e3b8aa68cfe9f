# Settings are defined in alphabetical order, and documented.

names=$(sed -n 's/.*DefineCustom[A-Za-z]*Variable("\([a-z_.]*\)".*/\1/p' src/support/guc.c)
status=0
if ! LC_ALL=C sort -c <<< "$names"; then
	status=1
fi
if [ -f docs/reference.md ]; then
	for name in $names; do
		grep -qF "$name" docs/reference.md || { echo "docs/reference.md: $name is missing"; status=1; }
	done
fi
exit $status
