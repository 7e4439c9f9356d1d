# One image for the orchestrator's worker, the agent and the CLI: `docker run knowngood <command>`.
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY . .
RUN node bootstrap/main.mjs build && npm prune --omit=dev --omit=optional --ignore-scripts

FROM node:20-bookworm-slim
WORKDIR /app
COPY --from=build /app /app
# A new volume takes its owner from here; 999 is the user of the official PostgreSQL image, as which an agent runs beside it.
RUN install -d -o 999 -g 999 -m 0700 /var/lib/knowngood
ENV NODE_ENV=production
USER 1000:1000
ENTRYPOINT ["node", "/app/dist/cli/main.js"]
CMD ["--help"]
