# Mirsal as an image: built on the locked dependencies, run without them that only building needs, and not as root.
#
#   docker build -t mirsal .
#   docker run -p 8080:8080 -v mirsal:/data mirsal

FROM node:26-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY dashboard/package.json ./dashboard/
RUN npm ci
COPY . .
RUN npm run build
# What is both for development and an optional peer of a dependency (vitest is better-auth's) goes as optional.
RUN npm prune --omit=dev --omit=optional

FROM node:26-slim
ENV NODE_ENV=production \
    MIRSAL_DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/package.json /app/LICENSE ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/dashboard/dist ./dashboard/dist
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8080
# A node that is being stopped finishes what is in flight: give it the ten seconds of an attempt and of its recording.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.MIRSAL_PORT || 8080) + '/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/bin.js"]
CMD ["serve"]
