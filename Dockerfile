# One image for the orchestrator's worker, the agent and the CLI: `docker run knowngood <command>`.
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY . .
RUN node bootstrap/main.mjs build && npm prune --omit=dev --omit=optional --ignore-scripts

FROM node:20-bookworm-slim
WORKDIR /app
COPY --from=build /app /app
ENV NODE_ENV=production
ENTRYPOINT ["node", "/app/dist/cli/main.js"]
CMD ["--help"]
