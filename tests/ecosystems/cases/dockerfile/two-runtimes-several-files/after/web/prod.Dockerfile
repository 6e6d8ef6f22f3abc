FROM node:24 AS build
