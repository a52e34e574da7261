# An instance of the shop without a database: DATABASE_URL names one. `npm run campaign -- image` builds it.
FROM node:26-bookworm-slim AS packages
WORKDIR /shop
COPY package.json package-lock.json .npmrc ./
# Leaves out the embedded PostgreSQL and npm's Node: the image has Node already.
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:26-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
WORKDIR /shop
COPY --from=packages /shop/node_modules ./node_modules
COPY package.json LICENSE NOTICE ./
COPY bin ./bin
COPY client/src ./client/src
COPY web/dist ./web/dist
COPY src ./src
COPY tools/replay ./tools/replay
COPY docs ./docs
RUN mkdir /data && chown node:node /data
VOLUME /data
USER node
EXPOSE 3000
# On SIGTERM the shop finishes the accepted requests within ten seconds.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/jangnal.mjs"]
CMD ["serve"]
