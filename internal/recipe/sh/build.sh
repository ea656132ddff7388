# Builds what was fetched. Before is set
#   compose   a function that runs docker compose for the project
#   $@        the options of its build
if [ ! -e fetched ]; then
	echo 'Nothing was fetched, so nothing is built.'
	exit 0
fi
tell compose build "$@"
mv fetched built
