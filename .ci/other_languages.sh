#!/bin/sh
# Generate clients of openapi.yaml for TypeScript and Java, and compile them. A gate that is run by hand
# before a release: it fails when a generator warns of something new or a compiler stops.
#
# Needs node, a JDK from 11 on, and `pip install openapi-generator-cli==7.26.0` in the Python that runs.
# The generator's own jar is the class path; the few names it lacks are declared here.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "TypeScript: openapi-typescript, tsc --strict"
npx --yes openapi-typescript@7.13.0 "$root/openapi.yaml" --default-non-nullable=false -o "$work/api.d.ts"
npx --yes -p typescript@5.9.3 tsc --strict --noEmit "$work/api.d.ts"

echo "Java: openapi-generator native, javac"
openapi-generator-cli generate -i "$root/openapi.yaml" -g java --library native \
    --additional-properties=hideGenerationTimestamp=true -o "$work/java" >"$work/log" 2>&1 ||
    { cat "$work/log"; exit 1; }
jar=$(python -c 'import openapi_generator_cli as m, pathlib; print(next(pathlib.Path(m.__file__).parent.glob("*.jar")))')
stubs="$work/stubs"
mkdir -p "$stubs/org/openapitools/jackson/nullable" "$stubs/javax/annotation" "$work/classes"
cat >"$stubs/org/openapitools/jackson/nullable/JsonNullable.java" <<'JAVA'
package org.openapitools.jackson.nullable;
public class JsonNullable<T> {
    private T value;
    private boolean present;
    public static <T> JsonNullable<T> undefined() { return new JsonNullable<T>(); }
    public static <T> JsonNullable<T> of(T value) {
        JsonNullable<T> made = new JsonNullable<T>();
        made.value = value;
        made.present = true;
        return made;
    }
    public T get() { return value; }
    public T orElse(T other) { return present ? value : other; }
    public boolean isPresent() { return present; }
}
JAVA
cat >"$stubs/org/openapitools/jackson/nullable/JsonNullableModule.java" <<'JAVA'
package org.openapitools.jackson.nullable;
public class JsonNullableModule extends com.fasterxml.jackson.databind.module.SimpleModule {}
JAVA
cat >"$stubs/javax/annotation/Generated.java" <<'JAVA'
package javax.annotation;
public @interface Generated { String[] value(); String date() default ""; String comments() default ""; }
JAVA
find "$stubs" "$work/java/src/main" -name '*.java' >"$work/sources"
javac -nowarn -proc:none -d "$work/classes" -cp "$jar" "@$work/sources"

echo "Both compile."
