# Builds the fetched source. engine.sh comes before. The step defines compose and sets
#   $@  the options of docker compose build
if [ ! -e fetched ]; then
	echo 'Nothing was fetched, so nothing is built.'
	exit 0
fi
tell compose build "$@"
mv fetched built
